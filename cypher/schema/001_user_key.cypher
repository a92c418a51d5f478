// Users, products and the rest are merged on their keys.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT user_key IF NOT EXISTS FOR (n:User) REQUIRE n.user_id IS UNIQUE
