// Overwrite how much is done with a batch of products, at all and lately.
//
// Params   $start  INTEGER: the first one's tensor row
//          $popularity, $trend  LIST<FLOAT>: one entry a product
//          $at  ZONED DATETIME: when the trend held, null where events have no times
// Returns  nothing
// Repeat   safe
UNWIND range(0, size($popularity) - 1) AS i
MATCH (p:Product {idx: $start + i}) USING INDEX SEEK p:Product(idx)
SET p.popularity = $popularity[i], p.trend = $trend[i], p.trend_at = $at
