// Users, products and the rest are merged on their keys.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT product_key IF NOT EXISTS FOR (n:Product) REQUIRE n.product_id IS UNIQUE
