// Enter a run and the slot of vectors it will fill; whichever run had that slot gives it up.
//
// The slot's own node says what it serves for as long as it does, while the node of the live run
// changes at a switch, property by property: readers take from it no more than which run it is.
//
// Params   $run_id  STRING, $slot  STRING: a or b, not the live run's
//          $properties  MAP: cutoff, metrics and the rest to show on the run
// Returns  nothing
// Repeat   safe: merged on run_id; needs schema/008_run_key
//          and schema/036_slot_key
OPTIONAL MATCH (former:ModelRun {slot: $slot}) WHERE former.run_id <> $run_id
REMOVE former.slot
WITH count(*) AS ignored
MERGE (run:RunKey {run_id: $run_id})
ON CREATE SET run:ModelRun, run.live = false
SET run += $properties, run.slot = $slot
REMOVE run.published_at
WITH 1 AS entered
MERGE (served:VectorSlot {slot: $slot})
SET served = $properties, served.slot = $slot, served.run_id = $run_id
