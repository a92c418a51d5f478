// Give each User its tensor row.
//
// Params   $keys  LIST<STRING>: the user_id of those without one, in order
//          $next  INTEGER: the row of the first, the others follow
// Returns  nothing
// Repeat   safe: a row once given never changes
UNWIND range(0, size($keys) - 1) AS i
MATCH (n:User {user_id: $keys[i]}) USING INDEX SEEK n:User(user_id)
SET n.idx = coalesce(n.idx, $next + i)
