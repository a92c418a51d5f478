// What each order holds, guests' orders included.
//
// Params   $until_ms  INTEGER: only lines before it; null takes all, those without a time too
// Returns  product  LIST<INTEGER>: tensor rows, time_ms  INTEGER or null: that of its earliest line,
//          user  INTEGER: tensor row of who placed it, or null
// Repeat   safe: reads only
MATCH (o:Order)
CALL (o) {
  MATCH (o)-[line:CONTAINS]->(p:Product)
  WHERE p.idx IS NOT NULL
    AND ($until_ms IS NULL OR line.occurred_at.epochMillis < $until_ms)
  RETURN collect(DISTINCT p.idx) AS product, min(line.occurred_at.epochMillis) AS time_ms
}
WITH o, product, time_ms WHERE size(product) > 0
RETURN product, time_ms,
       COLLECT { MATCH (u:User)-[:PLACED]->(o) RETURN u.idx ORDER BY u.idx LIMIT 1 }[0] AS user
