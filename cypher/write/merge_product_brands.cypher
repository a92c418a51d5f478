// Give products exactly these brands; the old ones they no longer have go. A name that is known as
// another's alias leads to that brand, and the link keeps it.
//
// Params   $rows  LIST<MAP>: product_id (STRING), keys (LIST<STRING>, no repeats)
// Returns  product_id  STRING: each product whose brands changed
// Repeat   safe: equal sets are left alone
UNWIND $rows AS row
MATCH (p:Product {product_id: row.product_id}) USING INDEX SEEK p:Product(product_id)
WITH p, row, COLLECT {
  MATCH (p)-[link:MADE_BY]->(old:Brand) RETURN coalesce(link.alias, old.name)
} AS had
WHERE any(key IN row.keys WHERE NOT key IN had) OR any(key IN had WHERE NOT key IN row.keys)
CALL (p, row) {
  MATCH (p)-[link:MADE_BY]->(old:Brand)
  WHERE NOT coalesce(link.alias, old.name) IN row.keys
  DELETE link
}
CALL (p, row, had) {
  UNWIND [key IN row.keys WHERE NOT key IN had] AS key
  OPTIONAL MATCH (alias:BrandAlias {name: key})-[:ALIAS_OF]->(known:Brand)
  USING INDEX SEEK alias:BrandAlias(name)
  MERGE (new:Brand {name: coalesce(known.name, key)})
  CREATE (p)-[:MADE_BY {alias: CASE WHEN known IS NOT NULL THEN key END}]->(new)
}
RETURN p.product_id AS product_id
