// Merge relations between products, such as a shop's own "goes with".
//
// Params   $product_id, $relation, $other_id  LIST<STRING>, one entry a row
//          $properties  LIST<MAP>: further columns, or empty
//          $now  ZONED DATETIME: the load's time
// Returns  written  INTEGER: how many were not there before
// Repeat   safe: merged on both products and the relation
UNWIND range(0, size($product_id) - 1) AS i
MATCH (p:Product {product_id: $product_id[i]})
MATCH (other:Product {product_id: $other_id[i]})
MERGE (p)-[r:RELATED_TO {relation: $relation[i]}]->(other)
ON CREATE SET r.ingested_at = $now, r.new = true
WITH i, r, r.new AS is_new
SET r += coalesce($properties[i], {})
REMOVE r.new
RETURN count(is_new) AS written
