// Note on a run whether its recommendations hold what users have bought.
//
// Params   $run_id  STRING, $keep_seen  BOOLEAN, null: unknown
// Returns  nothing
// Repeat   safe
MATCH (run:ModelRun {run_id: $run_id})
OPTIONAL MATCH (served:VectorSlot {run_id: $run_id})
SET run.keep_seen = $keep_seen, served.keep_seen = $keep_seen
