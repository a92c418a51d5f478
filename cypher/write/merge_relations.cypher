// Merge relations between products, such as a shop's own "goes with".
//
// Params   $product_id, $relation, $other_id  LIST<STRING>, one entry a row, no repeats
//          $properties  LIST<MAP>: further columns, or empty
//          $now  ZONED DATETIME: the load's time
// Returns  written  INTEGER: how many are new or changed
// Repeat   safe: merged on both products and the relation; equal properties are left alone
UNWIND range(0, size($product_id) - 1) AS i
MATCH (p:Product {product_id: $product_id[i]}) USING INDEX SEEK p:Product(product_id)
MATCH (other:Product {product_id: $other_id[i]}) USING INDEX SEEK other:Product(product_id)
WITH i, p, other, NOT EXISTS { (p)-[:RELATED_TO {relation: $relation[i]}]->(other) } AS is_new
MERGE (p)-[r:RELATED_TO {relation: $relation[i]}]->(other)
ON CREATE SET r.ingested_at = $now
WITH r, is_new, coalesce($properties[i], {}) AS properties
WHERE is_new OR any(key IN keys(properties) WHERE r[key] IS NULL OR r[key] <> properties[key])
SET r += properties
RETURN count(r) AS written
