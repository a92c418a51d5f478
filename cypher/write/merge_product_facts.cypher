// Merge statements about products as nodes of their own; what they state overwrites.
//
// Params   $rows  LIST<MAP>: product_id, facts_id (STRING), properties (MAP, no nulls)
//          $now   ZONED DATETIME: the load's time
// Returns  nothing
// Repeat   safe: merged on facts_id
UNWIND $rows AS row
MERGE (p:Product {product_id: row.product_id})
ON CREATE SET p.ingested_at = $now, p.in_stock = true
MERGE (f:ProductFacts {facts_id: row.facts_id})
ON CREATE SET f.ingested_at = $now
SET f += row.properties
MERGE (p)-[:STATED]->(f)
