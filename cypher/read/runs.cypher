// The runs that were published or are being published, the newest first.
//
// Params   none
// Returns  run  MAP: the run's properties
// Repeat   safe: reads only
MATCH (run:ModelRun)
RETURN properties(run) AS run
ORDER BY run.published_at DESC, run.run_id DESC
