// Let products that nothing was counted of yet stand at nothing.
//
// Params   $idx  LIST<INTEGER>: tensor rows
// Returns  nothing
// Repeat   safe: what was counted stays
UNWIND $idx AS idx
MATCH (p:Product {idx: idx}) USING INDEX SEEK p:Product(idx)
SET p.popularity = coalesce(p.popularity, 0.0), p.trend = coalesce(p.trend, 0.0)
