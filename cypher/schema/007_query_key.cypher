// Users, products and the rest are merged on their keys.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT query_key IF NOT EXISTS FOR (n:Query) REQUIRE n.text IS UNIQUE
