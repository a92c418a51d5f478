// Switch every reader to a run that is wholly written: the one moment at which anything changes.
//
// Params   $run_id  STRING, $now  ZONED DATETIME
// Returns  run_id  STRING: the run that is live now; no row where there is no such run
// Repeat   safe
MATCH (run:ModelRun {run_id: $run_id})
OPTIONAL MATCH (former:ModelRun {live: true}) WHERE former.run_id <> $run_id
SET former.live = false
WITH DISTINCT run
SET run.live = true, run.published_at = $now
RETURN run.run_id AS run_id
