// One relationship an event: merged on its interaction_id, found by it without a scan.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT rated_key IF NOT EXISTS FOR ()-[e:RATED]-() REQUIRE e.interaction_id IS UNIQUE
