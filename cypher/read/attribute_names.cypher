// Every name of an attribute that a source has given, those that are another's alias included.
//
// Params   none
// Returns  name, canonical, rule  STRING, score  FLOAT, merged_at  ZONED DATETIME: the last four
//          null for an attribute of its own
// Repeat   safe: reads only
MATCH (n:Attribute|AttributeAlias)
OPTIONAL MATCH (n)-[of:ALIAS_OF]->(c:Attribute)
RETURN n.key AS name, c.key AS canonical,
       of.rule AS rule, of.score AS score, of.merged_at AS merged_at
ORDER BY name
