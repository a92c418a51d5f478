// One relationship an event: merged on its interaction_id, found by it without a scan.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT viewed_key IF NOT EXISTS FOR ()-[e:VIEWED]-() REQUIRE e.interaction_id IS UNIQUE
