// Which of these reviews the graph tells otherwise.
//
// Params   one list a column, one entry a row (null where the review lacks it):
//          $interaction_id, $user_id, $product_id, $session_id  LIST<STRING>
//          $occurred_ms  LIST<INTEGER>; $rating  LIST<FLOAT>; $properties  LIST<MAP>, or empty
// Returns  interaction_id  STRING
// Repeat   safe: reads only
UNWIND range(0, size($interaction_id) - 1) AS i
MATCH (u:User)-[e:REVIEWED {interaction_id: $interaction_id[i]}]->(p:Product)
USING INDEX SEEK e:REVIEWED(interaction_id)
WITH e, coalesce($properties[i], {}) AS properties, [
  [u.user_id, $user_id[i]], [p.product_id, $product_id[i]], [e.session_id, $session_id[i]],
  [e.occurred_at.epochMillis, $occurred_ms[i]], [e.rating, $rating[i]]
] AS pairs
WHERE any(pair IN pairs WHERE NOT coalesce(pair[0] = pair[1], pair[0] IS NULL AND pair[1] IS NULL))
   OR any(key IN keys(properties) WHERE e[key] IS NULL OR e[key] <> properties[key])
RETURN e.interaction_id AS interaction_id
