// The peer's bought together: paths over orders, counted.
//
// Params   $product_ids  LIST<STRING>, $k  INTEGER
// Returns  product_id  STRING, score  INTEGER: paths
// Repeat   safe: reads only
MATCH (c:Product)<-[:CONTAINS]-(:Order)-[:CONTAINS]->(p:Product)
WHERE c.product_id IN $product_ids AND p.in_stock = true
RETURN p.product_id AS product_id, count(*) AS score
ORDER BY score DESC
LIMIT toInteger($k)
