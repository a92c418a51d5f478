// Give products exactly these attributes; the old ones they no longer have go. A key that is known
// as another's alias leads to that attribute, and the link keeps it. What was mined from texts
// stays, unless it is given now.
//
// Params   $rows  LIST<MAP>: product_id (STRING), keys (LIST<STRING>, no repeats)
// Returns  product_id  STRING: each product whose attributes changed
// Repeat   safe: equal sets are left alone
UNWIND $rows AS row
MATCH (p:Product {product_id: row.product_id}) USING INDEX SEEK p:Product(product_id)
WITH p, row, COLLECT {
  MATCH (p)-[link:HAS_ATTRIBUTE]->(old:Attribute) WHERE link.source IS NULL
  RETURN coalesce(link.alias, old.key)
} AS had
WHERE any(key IN row.keys WHERE NOT key IN had) OR any(key IN had WHERE NOT key IN row.keys)
CALL (p, row) {
  MATCH (p)-[link:HAS_ATTRIBUTE]->(old:Attribute)
  WHERE link.source IS NULL AND NOT coalesce(link.alias, old.key) IN row.keys
  DELETE link
}
CALL (p, row, had) {
  UNWIND [key IN row.keys WHERE NOT key IN had] AS key
  OPTIONAL MATCH (alias:AttributeAlias {key: key})-[:ALIAS_OF]->(known:Attribute)
  USING INDEX SEEK alias:AttributeAlias(key)
  MERGE (new:Attribute {key: coalesce(known.key, key)})
  ON CREATE SET new.name = CASE WHEN key CONTAINS '=' THEN split(key, '=')[0] END,
                new.value = CASE
                  WHEN key CONTAINS '=' THEN substring(key, size(split(key, '=')[0]) + 1)
                  ELSE key
                END
  CREATE (p)-[:HAS_ATTRIBUTE {alias: CASE WHEN known IS NOT NULL THEN key END}]->(new)
  WITH p, new
  MATCH (p)-[mined:HAS_ATTRIBUTE {source: 'mined'}]->(new)
  DELETE mined
}
RETURN p.product_id AS product_id
