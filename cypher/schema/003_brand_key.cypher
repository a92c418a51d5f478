// Users, products and the rest are merged on their keys.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT brand_key IF NOT EXISTS FOR (n:Brand) REQUIRE n.name IS UNIQUE
