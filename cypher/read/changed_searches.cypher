// Which of these searches the graph tells otherwise.
//
// Params   one list a column, one entry a row (null where the search lacks it):
//          $interaction_id, $query, $user_id, $product_id, $session_id  LIST<STRING>
//          $occurred_ms  LIST<INTEGER>; $properties  LIST<MAP>, or empty
// Returns  interaction_id  STRING
// Repeat   safe: reads only
UNWIND range(0, size($interaction_id) - 1) AS i
OPTIONAL MATCH (u:User)-[asked:SEARCHED {interaction_id: $interaction_id[i]}]->(q:Query)
USING INDEX SEEK asked:SEARCHED(interaction_id)
OPTIONAL MATCH (found:Query)-[opened:FOUND {interaction_id: $interaction_id[i]}]->(p:Product)
USING INDEX SEEK opened:FOUND(interaction_id)
WITH i, asked, u, p, coalesce(q, found) AS q, coalesce(asked, opened) AS e,
     coalesce($properties[i], {}) AS properties
WHERE e IS NOT NULL
WITH i, asked, e, properties, [
  [u.user_id, $user_id[i]], [p.product_id, $product_id[i]], [e.session_id, $session_id[i]],
  [e.occurred_at.epochMillis, $occurred_ms[i]], [q.text, $query[i]]
] AS pairs
WHERE any(pair IN pairs WHERE NOT coalesce(pair[0] = pair[1], pair[0] IS NULL AND pair[1] IS NULL))
   OR asked IS NOT NULL
      AND any(key IN keys(properties) WHERE asked[key] IS NULL OR asked[key] <> properties[key])
RETURN $interaction_id[i] AS interaction_id
