// Merge searches: the query, who asked it, and the product that was opened from it.
//
// Params   one list a column, one entry a search (null where it lacks it), or an empty list:
//          $interaction_id, $query, $user_id, $session_id, $product_id  LIST<STRING>
//          $occurred_ms, $line  LIST<INTEGER>; $properties  LIST<MAP>: further columns, or empty
//          $now  ZONED DATETIME: the load's time
// Returns  written  INTEGER: how many were not there before
// Repeat   safe: an interaction_id already there is left as it is; of a search that names neither
//          user nor product only the query is kept
UNWIND range(0, size($interaction_id) - 1) AS i
OPTIONAL MATCH ()-[asked:SEARCHED {interaction_id: $interaction_id[i]}]->()
USING INDEX SEEK asked:SEARCHED(interaction_id)
OPTIONAL MATCH ()-[opened:FOUND {interaction_id: $interaction_id[i]}]->()
USING INDEX SEEK opened:FOUND(interaction_id)
WITH i WHERE asked IS NULL AND opened IS NULL
OPTIONAL MATCH (known:Query {text: $query[i]}) USING INDEX SEEK known:Query(text)
WITH i, known IS NULL AS is_new
MERGE (q:Query {text: $query[i]})
ON CREATE SET q.ingested_at = $now
WITH i, q, is_new, {
  interaction_id: $interaction_id[i],
  occurred_at: CASE WHEN $occurred_ms[i] IS NOT NULL
               THEN datetime({epochMillis: $occurred_ms[i]}) END,
  line: $line[i],
  session_id: $session_id[i],
  ingested_at: $now
} AS event
OPTIONAL MATCH (u:User {user_id: $user_id[i]}) USING INDEX SEEK u:User(user_id)
OPTIONAL MATCH (p:Product {product_id: $product_id[i]}) USING INDEX SEEK p:Product(product_id)
FOREACH (asker IN CASE WHEN u IS NULL THEN [] ELSE [u] END |
  CREATE (asker)-[s:SEARCHED]->(q) SET s = event, s += coalesce($properties[i], {}))
FOREACH (found IN CASE WHEN p IS NULL THEN [] ELSE [p] END |
  CREATE (q)-[f:FOUND]->(found) SET f = event)
RETURN count(CASE WHEN u IS NOT NULL OR p IS NOT NULL OR is_new THEN 1 END) AS written
