// Create one batch of review events between users and products already in the graph.
//
// Params   one list a column, one entry a row (null where the event lacks it), or an empty list:
//          $interaction_id, $user_id, $product_id, $order_id, $session_id  LIST<STRING>
//          $occurred_ms  LIST<INTEGER>: milliseconds since 1970 UTC
//          $position, $line  LIST<INTEGER>; $quantity, $price, $rating  LIST<FLOAT>
//          $properties  LIST<MAP>: further columns, or empty
//          $now  ZONED DATETIME: the load's time
// Returns  written  INTEGER: how many
// Repeat   refused as a whole where one interaction_id is there already; takes half the time of
//          the merge, for events that are known to be new
UNWIND range(0, size($interaction_id) - 1) AS i
MATCH (u:User {user_id: $user_id[i]}) USING INDEX SEEK u:User(user_id)
MATCH (p:Product {product_id: $product_id[i]}) USING INDEX SEEK p:Product(product_id)
CREATE (u)-[e:REVIEWED {
  interaction_id: $interaction_id[i],
  occurred_at: CASE WHEN $occurred_ms[i] IS NOT NULL
               THEN datetime({epochMillis: $occurred_ms[i]}) END,
  position: $position[i],
  line: $line[i],
  quantity: $quantity[i],
  price: $price[i],
  rating: $rating[i],
  order_id: $order_id[i],
  session_id: $session_id[i],
  ingested_at: $now
}]->(p)
SET e += coalesce($properties[i], {})
RETURN count(e) AS written
