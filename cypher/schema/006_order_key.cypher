// Users, products and the rest are merged on their keys.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT order_key IF NOT EXISTS FOR (n:Order) REQUIRE n.order_id IS UNIQUE
