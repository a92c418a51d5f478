// Users, products and the rest are merged on their keys.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT attribute_key IF NOT EXISTS FOR (n:Attribute) REQUIRE n.key IS UNIQUE
