// The keys of a page of products and whether they may be offered.
//
// Params   $from, $to  INTEGER: tensor rows, the second not included
// Returns  idx  LIST<INTEGER>, id  LIST<STRING>, offered  LIST<BOOLEAN>
// Repeat   safe: reads only
MATCH (p:Product) WHERE p.idx >= $from AND p.idx < $to
RETURN collect(p.idx) AS idx, collect(p.product_id) AS id,
       collect(coalesce(p.in_stock, true) AND NOT coalesce(p.delisted, false)) AS offered
