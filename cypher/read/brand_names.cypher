// Every name of a brand that a source has given, those that are another's alias included.
//
// Params   none
// Returns  name, canonical, rule  STRING, score  FLOAT, merged_at  ZONED DATETIME: the last four
//          null for a brand of its own
// Repeat   safe: reads only
MATCH (n:Brand|BrandAlias)
OPTIONAL MATCH (n)-[of:ALIAS_OF]->(c:Brand)
RETURN n.name AS name, c.name AS canonical,
       of.rule AS rule, of.score AS score, of.merged_at AS merged_at
ORDER BY name
