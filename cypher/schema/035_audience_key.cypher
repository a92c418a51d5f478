// Users with the same profile are merged on it.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT audience_key IF NOT EXISTS FOR (n:Audience) REQUIRE n.key IS UNIQUE
