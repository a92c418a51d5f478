// Merge products and their plain properties.
//
// Params   $rows  LIST<MAP>: product_id (STRING), properties (MAP, no nulls)
//          $now   ZONED DATETIME: the load's time
// Returns  product_id  STRING: each product that is new or changed
// Repeat   safe: merged on product_id; equal properties are left alone
UNWIND $rows AS row
OPTIONAL MATCH (old:Product {product_id: row.product_id}) USING INDEX SEEK old:Product(product_id)
WITH row, old IS NULL AS is_new
MERGE (p:Product {product_id: row.product_id})
ON CREATE SET p.ingested_at = $now, p.in_stock = true
WITH p, row, is_new,
     any(key IN keys(row.properties) WHERE p[key] IS NULL OR p[key] <> row.properties[key]) AS differs
WHERE is_new OR differs
SET p += row.properties
RETURN DISTINCT p.product_id AS product_id
