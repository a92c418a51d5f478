// The peer's trending: the events of the last week, counted.
//
// Params   $since  ZONED DATETIME, $k  INTEGER
// Returns  product_id  STRING, score  INTEGER
// Repeat   safe: reads only
MATCH (:User)-[e:VIEWED|CLICKED|CARTED|PURCHASED]->(p:Product)
WHERE e.occurred_at > $since
RETURN p.product_id AS product_id, count(*) AS score
ORDER BY score DESC
LIMIT toInteger($k)
