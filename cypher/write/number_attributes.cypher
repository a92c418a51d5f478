// Give each Attribute its tensor row.
//
// Params   $keys  LIST<STRING>: the key of those without one, in order
//          $next  INTEGER: the row of the first, the others follow
// Returns  nothing
// Repeat   safe: a row once given never changes
UNWIND range(0, size($keys) - 1) AS i
MATCH (n:Attribute {key: $keys[i]}) USING INDEX SEEK n:Attribute(key)
SET n.idx = coalesce(n.idx, $next + i)
