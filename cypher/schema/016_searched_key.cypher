// One relationship an event: merged on its interaction_id, found by it without a scan.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT searched_key IF NOT EXISTS FOR ()-[e:SEARCHED]-() REQUIRE e.interaction_id IS UNIQUE
