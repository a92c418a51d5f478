// What a page of products says of itself, for the text encoder; what was mined from the text
// adds nothing to it.
//
// Params   $from, $to  INTEGER: tensor rows, the second not included
// Returns  texts  LIST<LIST>, by tensor row: idx  INTEGER; title, description, brand  STRING or
//          null; categories, attributes  LIST<STRING>, sorted; text_hash, text_model  STRING or null
// Repeat   safe: reads only
MATCH (p:Product) WHERE p.idx >= $from AND p.idx < $to
WITH p ORDER BY p.idx
RETURN collect([
  p.idx, p.title, p.description,
  COLLECT { MATCH (p)-[:MADE_BY]->(b:Brand) RETURN b.name ORDER BY b.name }[0],
  COLLECT { MATCH (p)-[:IN_CATEGORY]->(c:Category) RETURN c.path ORDER BY c.path },
  COLLECT {
    MATCH (p)-[link:HAS_ATTRIBUTE]->(a:Attribute) WHERE link.source IS NULL
    RETURN DISTINCT a.key AS key ORDER BY key
  },
  p.text_hash, p.text_model
]) AS texts
