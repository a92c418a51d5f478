// The peer's way to read events: a record an edge.
//
// Params   none
// Returns  user, product, time_ms, place  INTEGER
// Repeat   safe: reads only
MATCH (u:User)-[e:VIEWED|CLICKED|CARTED|PURCHASED|RETURNED|RATED]->(p:Product)
RETURN u.idx AS user, p.idx AS product, e.occurred_at.epochMillis AS time_ms,
       coalesce(e.position, e.line) AS place
