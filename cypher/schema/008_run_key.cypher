// A run is entered once: merged on its run_id, by a label that readers do not ask for.
//
// An index on ModelRun(run_id) would let the planner look a run up for every recommendation of a
// user; while a new run is made live, such a reader sees a mix of both. Without it a reader first
// finds the one live run and then its recommendations.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT run_key IF NOT EXISTS FOR (n:RunKey) REQUIRE n.run_id IS UNIQUE
