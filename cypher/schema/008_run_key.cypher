// Users, products and the rest are merged on their keys.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT run_key IF NOT EXISTS FOR (n:ModelRun) REQUIRE n.run_id IS UNIQUE
