// Create the products that so far only another table names.
//
// Params   $ids  LIST<STRING>
//          $now  ZONED DATETIME: the load's time
// Returns  nothing
// Repeat   safe: merged on product_id
UNWIND $ids AS product_id
MERGE (p:Product {product_id: product_id})
ON CREATE SET p.ingested_at = $now, p.in_stock = true
