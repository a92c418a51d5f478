// Record how far the schema is applied.
//
// Params   $version  INTEGER
// Returns  nothing
// Repeat   safe
MERGE (s:ShopgraphSchema)
SET s.version = $version
