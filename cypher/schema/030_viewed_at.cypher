// What has happened since a moment is found without a scan.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE INDEX viewed_at IF NOT EXISTS FOR ()-[e:VIEWED]-() ON (e.occurred_at)
