// Whether the graph holds nothing but its schema.
//
// Params   none
// Returns  empty  BOOLEAN
// Repeat   safe: reads only
RETURN NOT EXISTS { MATCH (n) WHERE NOT n:ShopgraphSchema } AS empty
