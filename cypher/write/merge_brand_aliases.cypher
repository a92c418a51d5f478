// Make brands aliases of others: their products become the others', each link keeping the name
// that was given.
//
// Params   $rows  LIST<MAP>: alias, canonical, rule (STRING), score (FLOAT)
//          $now   ZONED DATETIME
// Returns  merged  INTEGER
// Repeat   safe: what is an alias already is no brand any more
UNWIND $rows AS row
MATCH (a:Brand {name: row.alias}) USING INDEX SEEK a:Brand(name)
MATCH (c:Brand {name: row.canonical}) USING INDEX SEEK c:Brand(name)
CALL (a, c) {
  MATCH (p:Product)-[link:MADE_BY]->(a)
  CREATE (p)-[moved:MADE_BY]->(c)
  SET moved = properties(link), moved.alias = a.name
  DELETE link
}
REMOVE a:Brand
SET a:BrandAlias
CREATE (a)-[:ALIAS_OF {rule: row.rule, score: row.score, merged_at: $now}]->(c)
SET c.aliases = COLLECT {
  MATCH (c)<-[:ALIAS_OF]-(other:BrandAlias) RETURN other.name ORDER BY other.name
}
RETURN count(*) AS merged
