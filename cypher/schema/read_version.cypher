// The number of the newest schema file this graph has had.
//
// Params   none
// Returns  version  INTEGER, no row before the first
// Repeat   safe: reads only
MATCH (s:ShopgraphSchema)
RETURN s.version AS version
