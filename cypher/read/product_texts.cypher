// What a page of products says of itself, for the text encoder; what was mined from the text
// adds nothing to it.
//
// Params   $from, $to  INTEGER: tensor rows, the second not included
// Returns  idx  INTEGER; title, description, brand, text_hash, text_model  STRING or null;
//          categories, attributes  LIST<STRING>, sorted
// Repeat   safe: reads only
MATCH (p:Product) WHERE p.idx >= $from AND p.idx < $to
RETURN p.idx AS idx, p.title AS title, p.description AS description,
       COLLECT { MATCH (p)-[:MADE_BY]->(b:Brand) RETURN b.name ORDER BY b.name }[0] AS brand,
       COLLECT { MATCH (p)-[:IN_CATEGORY]->(c:Category) RETURN c.path ORDER BY c.path } AS categories,
       COLLECT {
         MATCH (p)-[link:HAS_ATTRIBUTE]->(a:Attribute) WHERE link.source IS NULL
         RETURN DISTINCT a.key AS key ORDER BY key
       } AS attributes,
       p.text_hash AS text_hash, p.text_model AS text_model
ORDER BY idx
