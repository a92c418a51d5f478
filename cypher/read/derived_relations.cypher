// Relations between products that were derived, for the reasons of a publication.
//
// Params   $type  STRING: BOUGHT_WITH, LEADS_TO, SIMILAR_TO or RELATED_TO
// Returns  source, target  LIST<INTEGER>: tensor rows
// Repeat   safe: reads only
CYPHER 25
MATCH (a:Product)-[:$($type)]->(b:Product)
WHERE a.idx IS NOT NULL AND b.idx IS NOT NULL
RETURN collect(a.idx) AS source, collect(b.idx) AS target
