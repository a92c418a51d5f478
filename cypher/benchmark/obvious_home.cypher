// The peer's home page: what those bought who bought what the user bought.
//
// Params   $user_id  STRING, $k  INTEGER
// Returns  product_id  STRING, score  INTEGER: paths
// Repeat   safe: reads only
MATCH (u:User {user_id: $user_id})-[:PURCHASED]->(:Product)<-[:PURCHASED]-(other:User)-[:PURCHASED]->(p:Product)
WHERE NOT (u)-[:PURCHASED]->(p) AND p.in_stock = true
RETURN p.product_id AS product_id, count(*) AS score
ORDER BY score DESC, product_id
LIMIT toInteger($k)
