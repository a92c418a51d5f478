// What a page of products says of itself, and the attributes it was given and has been mined for.
//
// Params   $from, $to  INTEGER: tensor rows, the second not included
// Returns  idx  INTEGER; title, description  STRING or null; given  LIST<STRING>: as the source
//          wrote them; mined  LIST<MAP>: key, rule  STRING
// Repeat   safe: reads only
MATCH (p:Product) WHERE p.idx >= $from AND p.idx < $to
RETURN p.idx AS idx, p.title AS title, p.description AS description,
       COLLECT {
         MATCH (p)-[link:HAS_ATTRIBUTE]->(a:Attribute) WHERE link.source IS NULL
         RETURN coalesce(link.alias, a.key)
       } AS given,
       COLLECT {
         MATCH (p)-[link:HAS_ATTRIBUTE {source: 'mined'}]->(a:Attribute)
         RETURN {key: a.key, rule: link.rule}
       } AS mined
ORDER BY idx
