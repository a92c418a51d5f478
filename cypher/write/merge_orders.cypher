// Merge what orders hold, guests' orders included, and who placed them.
//
// Params   one list a column, one entry an order line, or an empty list:
//          $interaction_id, $order_id, $product_id, $user_id  LIST<STRING>, user_id null for a guest
//          $occurred_ms  LIST<INTEGER>: milliseconds since 1970 UTC, or null
//          $quantity, $price  LIST<FLOAT>
//          $now  ZONED DATETIME: the load's time
// Returns  written  INTEGER: how many lines were not there before
// Repeat   safe: a line already there is left as it is
UNWIND range(0, size($interaction_id) - 1) AS i
OPTIONAL MATCH ()-[old:CONTAINS {interaction_id: $interaction_id[i]}]->()
USING INDEX SEEK old:CONTAINS(interaction_id)
WITH i WHERE old IS NULL
MATCH (p:Product {product_id: $product_id[i]}) USING INDEX SEEK p:Product(product_id)
MERGE (o:Order {order_id: $order_id[i]})
ON CREATE SET o.ingested_at = $now
CREATE (o)-[c:CONTAINS {
  interaction_id: $interaction_id[i],
  occurred_at: CASE WHEN $occurred_ms[i] IS NOT NULL
               THEN datetime({epochMillis: $occurred_ms[i]}) END,
  quantity: $quantity[i],
  price: $price[i],
  ingested_at: $now
}]->(p)
WITH o, c, $user_id[i] AS user_id
OPTIONAL MATCH (u:User {user_id: user_id}) USING INDEX SEEK u:User(user_id)
FOREACH (placer IN CASE WHEN u IS NULL THEN [] ELSE [u] END | MERGE (placer)-[:PLACED]->(o))
// Its time is that of its earliest line, whichever comes first.
WITH o, count(c) AS lines, min(c.occurred_at) AS earliest
SET o.occurred_at = CASE
  WHEN earliest IS NULL OR o.occurred_at <= earliest THEN o.occurred_at
  ELSE earliest
END
RETURN coalesce(sum(lines), 0) AS written
