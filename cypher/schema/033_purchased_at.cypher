// What has happened since a moment is found without a scan.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE INDEX purchased_at IF NOT EXISTS FOR ()-[e:PURCHASED]-() ON (e.occurred_at)
