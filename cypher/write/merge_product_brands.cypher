// Give products exactly these brands; the old ones they no longer have go.
//
// Params   $rows  LIST<MAP>: product_id (STRING), keys (LIST<STRING>, no repeats)
// Returns  product_id  STRING: each product whose brands changed
// Repeat   safe: equal sets are left alone
UNWIND $rows AS row
MATCH (p:Product {product_id: row.product_id})
WITH p, row, COLLECT { MATCH (p)-[:MADE_BY]->(old:Brand) RETURN old.name } AS had
WHERE any(key IN row.keys WHERE NOT key IN had) OR any(key IN had WHERE NOT key IN row.keys)
CALL (p, row) {
  MATCH (p)-[link:MADE_BY]->(old:Brand) WHERE NOT old.name IN row.keys
  DELETE link
}
CALL (p, row, had) {
  UNWIND [key IN row.keys WHERE NOT key IN had] AS key
  MERGE (new:Brand {name: key})
  CREATE (p)-[:MADE_BY]->(new)
}
RETURN p.product_id AS product_id
