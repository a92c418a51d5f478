// Enter a run and the slot of vectors it will fill; whichever run had that slot gives it up.
//
// Params   $run_id  STRING, $slot  STRING: a or b, not the live run's
//          $properties  MAP: cutoff, metrics and the rest to show on the run
// Returns  nothing
// Repeat   safe: merged on run_id; needs schema/008_run_key
OPTIONAL MATCH (former:ModelRun {slot: $slot}) WHERE former.run_id <> $run_id
REMOVE former.slot
WITH count(*) AS ignored
MERGE (run:RunKey {run_id: $run_id})
ON CREATE SET run:ModelRun, run.live = false
SET run += $properties, run.slot = $slot
REMOVE run.published_at
