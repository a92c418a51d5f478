// Which of these events the graph tells otherwise; a line of a guest's order is an event, too.
//
// Params   one list a column, one entry a row (null where the event lacks it):
//          $interaction_id, $kind, $user_id, $product_id, $order_id, $session_id  LIST<STRING>
//          $occurred_ms, $position  LIST<INTEGER>; $quantity, $price, $rating  LIST<FLOAT>
//          $properties  LIST<MAP>: further columns, or empty
// Returns  interaction_id  STRING
// Repeat   safe: reads only
// Told to seek: a plan made before there was any event scanned a whole index for every row of the
// second block, and a server keeps a plan for ten seconds whatever is written.
UNWIND range(0, size($interaction_id) - 1) AS i
CALL (i) {
  MATCH (u:User)-[e:VIEWED {interaction_id: $interaction_id[i]}]->(p:Product)
  USING INDEX SEEK e:VIEWED(interaction_id)
  RETURN u.user_id AS user_id, e.order_id AS order_id, e, p, 'view' AS kind
  UNION ALL
  MATCH (u:User)-[e:CLICKED {interaction_id: $interaction_id[i]}]->(p:Product)
  USING INDEX SEEK e:CLICKED(interaction_id)
  RETURN u.user_id AS user_id, e.order_id AS order_id, e, p, 'click' AS kind
  UNION ALL
  MATCH (u:User)-[e:CARTED {interaction_id: $interaction_id[i]}]->(p:Product)
  USING INDEX SEEK e:CARTED(interaction_id)
  RETURN u.user_id AS user_id, e.order_id AS order_id, e, p, 'cart' AS kind
  UNION ALL
  MATCH (u:User)-[e:PURCHASED {interaction_id: $interaction_id[i]}]->(p:Product)
  USING INDEX SEEK e:PURCHASED(interaction_id)
  RETURN u.user_id AS user_id, e.order_id AS order_id, e, p, 'purchase' AS kind
  UNION ALL
  MATCH (u:User)-[e:RETURNED {interaction_id: $interaction_id[i]}]->(p:Product)
  USING INDEX SEEK e:RETURNED(interaction_id)
  RETURN u.user_id AS user_id, e.order_id AS order_id, e, p, 'return' AS kind
  UNION ALL
  MATCH (u:User)-[e:RATED {interaction_id: $interaction_id[i]}]->(p:Product)
  USING INDEX SEEK e:RATED(interaction_id)
  RETURN u.user_id AS user_id, e.order_id AS order_id, e, p, 'rate' AS kind
  UNION ALL
  MATCH (o:Order)-[e:CONTAINS {interaction_id: $interaction_id[i]}]->(p:Product)
  USING INDEX SEEK e:CONTAINS(interaction_id)
  WHERE NOT EXISTS {
    MATCH ()-[named:PURCHASED {interaction_id: $interaction_id[i]}]->()
    USING INDEX SEEK named:PURCHASED(interaction_id)
  }
  RETURN null AS user_id, o.order_id AS order_id, e, p, 'purchase' AS kind
}
WITH i, e, user_id, coalesce($properties[i], {}) AS properties, [
  [user_id, $user_id[i]], [p.product_id, $product_id[i]], [kind, $kind[i]],
  [order_id, $order_id[i]], [e.occurred_at.epochMillis, $occurred_ms[i]],
  [e.quantity, $quantity[i]], [e.price, $price[i]]
] AS pairs
WHERE any(pair IN pairs WHERE NOT coalesce(pair[0] = pair[1], pair[0] IS NULL AND pair[1] IS NULL))
   OR user_id IS NOT NULL AND (
     any(pair IN [
       [e.session_id, $session_id[i]], [e.position, $position[i]], [e.rating, $rating[i]]
     ] WHERE NOT coalesce(pair[0] = pair[1], pair[0] IS NULL AND pair[1] IS NULL))
     OR any(key IN keys(properties) WHERE e[key] IS NULL OR e[key] <> properties[key])
   )
RETURN DISTINCT $interaction_id[i] AS interaction_id
