// Products of which the graph knows later facts than these; an absent time is before all others.
//
// Params   $product_id  LIST<STRING>, $valid_from  LIST<ZONED DATETIME>, one entry a row
// Returns  product_id  STRING
// Repeat   safe: reads only
UNWIND range(0, size($product_id) - 1) AS i
MATCH (p:Product {product_id: $product_id[i]})
WHERE p.valid_from IS NOT NULL AND coalesce(p.valid_from > $valid_from[i], true)
RETURN p.product_id AS product_id
