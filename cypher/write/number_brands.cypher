// Give each Brand its tensor row.
//
// Params   $keys  LIST<STRING>: the name of those without one, in order
//          $next  INTEGER: the row of the first, the others follow
// Returns  nothing
// Repeat   safe: a row once given never changes
UNWIND range(0, size($keys) - 1) AS i
MATCH (n:Brand {name: $keys[i]}) USING INDEX SEEK n:Brand(name)
SET n.idx = coalesce(n.idx, $next + i)
