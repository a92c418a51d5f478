// Relations between products that the shop itself states.
//
// Params   none
// Returns  source, target  LIST<INTEGER>: tensor rows
// Repeat   safe: reads only
MATCH (a:Product)-[:RELATED_TO]->(b:Product)
WHERE a.idx IS NOT NULL AND b.idx IS NOT NULL
RETURN collect(a.idx) AS source, collect(b.idx) AS target
