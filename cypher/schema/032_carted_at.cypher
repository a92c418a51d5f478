// What has happened since a moment is found without a scan.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE INDEX carted_at IF NOT EXISTS FOR ()-[e:CARTED]-() ON (e.occurred_at)
