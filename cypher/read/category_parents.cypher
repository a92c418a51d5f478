// Which category each category is in.
//
// Params   none
// Returns  source, target  LIST<INTEGER>: tensor rows
// Repeat   safe: reads only
MATCH (a:Category)-[:SUBCATEGORY_OF]->(b:Category)
WHERE a.idx IS NOT NULL AND b.idx IS NOT NULL
RETURN collect(a.idx) AS source, collect(b.idx) AS target
