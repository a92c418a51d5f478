// Delete runs that are neither live nor hold a slot of vectors.
//
// Params   $run_ids  LIST<STRING>
// Returns  deleted  INTEGER
// Repeat   safe
MATCH (run:ModelRun) WHERE run.run_id IN $run_ids AND NOT run.live AND run.slot IS NULL
DETACH DELETE run
RETURN count(*) AS deleted
