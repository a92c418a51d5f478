// The salt of this graph's tombstones, made once.
//
// Params   $salt  STRING: a random one, in case there is none yet
// Returns  salt  STRING
// Repeat   safe: once given it never changes
MERGE (s:ShopgraphSchema)
SET s.salt = coalesce(s.salt, $salt)
RETURN s.salt AS salt
