// Make attributes aliases of others: their products become the others', each link keeping the name
// that was given.
//
// Params   $rows  LIST<MAP>: alias, canonical, rule (STRING), score (FLOAT)
//          $now   ZONED DATETIME
// Returns  merged  INTEGER
// Repeat   safe: what is an alias already is no attribute any more
UNWIND $rows AS row
MATCH (a:Attribute {key: row.alias}) USING INDEX SEEK a:Attribute(key)
MATCH (c:Attribute {key: row.canonical}) USING INDEX SEEK c:Attribute(key)
CALL (a, c) {
  MATCH (p:Product)-[link:HAS_ATTRIBUTE]->(a)
  CREATE (p)-[moved:HAS_ATTRIBUTE]->(c)
  SET moved = properties(link), moved.alias = a.key
  DELETE link
}
REMOVE a:Attribute
SET a:AttributeAlias
CREATE (a)-[:ALIAS_OF {rule: row.rule, score: row.score, merged_at: $now}]->(c)
SET c.aliases = COLLECT {
  MATCH (c)<-[:ALIAS_OF]-(other:AttributeAlias) RETURN other.key ORDER BY other.key
}
RETURN count(*) AS merged
