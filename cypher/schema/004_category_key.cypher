// Users, products and the rest are merged on their keys.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT category_key IF NOT EXISTS FOR (n:Category) REQUIRE n.path IS UNIQUE
