// Make aliases brands of their own again, with the products that were given their name.
//
// Params   $names  LIST<STRING>: the aliases
// Returns  undone  INTEGER
// Repeat   safe: what is no alias is left alone
UNWIND $names AS name
MATCH (a:BrandAlias {name: name})-[of:ALIAS_OF]->(c:Brand) USING INDEX SEEK a:BrandAlias(name)
CALL (a, c) {
  MATCH (p:Product)-[link:MADE_BY {alias: a.name}]->(c)
  CREATE (p)-[back:MADE_BY]->(a)
  SET back = properties(link)
  REMOVE back.alias
  DELETE link
}
DELETE of
REMOVE a:BrandAlias
SET a:Brand
// Its tensor row may have been given away meanwhile.
SET a.idx = CASE WHEN COUNT {
  MATCH (same:Brand {idx: a.idx}) USING INDEX SEEK same:Brand(idx)
} < 2 THEN a.idx END
WITH c, count(*) AS undone,
     COLLECT { MATCH (c)<-[:ALIAS_OF]-(o:BrandAlias) RETURN o.name ORDER BY o.name } AS left
SET c.aliases = CASE WHEN size(left) > 0 THEN left END
RETURN sum(undone) AS undone
