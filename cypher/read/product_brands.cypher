// Which brand each product is of.
//
// Params   none
// Returns  source, target  LIST<INTEGER>: tensor rows
// Repeat   safe: reads only
MATCH (a:Product)-[:MADE_BY]->(b:Brand)
WHERE a.idx IS NOT NULL AND b.idx IS NOT NULL
RETURN collect(a.idx) AS source, collect(b.idx) AS target
