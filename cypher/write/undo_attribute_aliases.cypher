// Make aliases attributes of their own again, with the products that were given their name.
//
// Params   $names  LIST<STRING>: the aliases
// Returns  undone  INTEGER
// Repeat   safe: what is no alias is left alone
UNWIND $names AS name
MATCH (a:AttributeAlias {key: name})-[of:ALIAS_OF]->(c:Attribute)
USING INDEX SEEK a:AttributeAlias(key)
CALL (a, c) {
  MATCH (p:Product)-[link:HAS_ATTRIBUTE {alias: a.key}]->(c)
  CREATE (p)-[back:HAS_ATTRIBUTE]->(a)
  SET back = properties(link)
  REMOVE back.alias
  DELETE link
}
DELETE of
REMOVE a:AttributeAlias
SET a:Attribute
// Its tensor row may have been given away meanwhile.
SET a.idx = CASE WHEN COUNT {
  MATCH (same:Attribute {idx: a.idx}) USING INDEX SEEK same:Attribute(idx)
} < 2 THEN a.idx END
WITH c, count(*) AS undone,
     COLLECT { MATCH (c)<-[:ALIAS_OF]-(o:AttributeAlias) RETURN o.key ORDER BY o.key } AS left
SET c.aliases = CASE WHEN size(left) > 0 THEN left END
RETURN sum(undone) AS undone
