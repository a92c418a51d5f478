// Put our label and key on nodes that were there before.
//
// Params   $elements  LIST<STRING>: element ids; $key  STRING: their own key property
//          $now  ZONED DATETIME
// Returns  nothing
// Repeat   safe
UNWIND $elements AS element
MATCH (n) WHERE elementId(n) = element
SET n:Product, n.product_id = trim(toString(n[$key])), n.adopted_key = $key, n.ingested_at = $now, n.in_stock = true
