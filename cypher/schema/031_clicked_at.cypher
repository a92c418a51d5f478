// What has happened since a moment is found without a scan.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE INDEX clicked_at IF NOT EXISTS FOR ()-[e:CLICKED]-() ON (e.occurred_at)
