// One relationship an event: merged on its interaction_id, found by it without a scan.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT carted_key IF NOT EXISTS FOR ()-[e:CARTED]-() REQUIRE e.interaction_id IS UNIQUE
