// Merge what orders hold, guests' orders included, and who placed them.
//
// Params   one list a column, one entry an order line:
//          $interaction_id, $order_id, $product_id, $user_id  LIST<STRING>, user_id null for a guest
//          $occurred_ms  LIST<INTEGER>: milliseconds since 1970 UTC, or null
//          $quantity, $price  LIST<FLOAT>
//          $now  ZONED DATETIME: the load's time
// Returns  written  INTEGER: how many lines were not there before
// Repeat   safe: a line already there is left as it is
UNWIND range(0, size($interaction_id) - 1) AS i
OPTIONAL MATCH ()-[old:CONTAINS {interaction_id: $interaction_id[i]}]->()
WITH i WHERE old IS NULL
MATCH (p:Product {product_id: $product_id[i]})
MERGE (o:Order {order_id: $order_id[i]})
ON CREATE SET o.ingested_at = $now, o.occurred_at = datetime({epochMillis: $occurred_ms[i]})
CREATE (o)-[c:CONTAINS {
  interaction_id: $interaction_id[i],
  occurred_at: datetime({epochMillis: $occurred_ms[i]}),
  quantity: $quantity[i],
  price: $price[i],
  ingested_at: $now
}]->(p)
WITH o, c, $user_id[i] AS user_id
OPTIONAL MATCH (u:User {user_id: user_id})
FOREACH (placer IN CASE WHEN u IS NULL THEN [] ELSE [u] END | MERGE (placer)-[:PLACED]->(o))
RETURN count(c) AS written
