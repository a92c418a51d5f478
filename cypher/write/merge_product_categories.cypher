// Give products exactly these categories; the old ones they no longer have go.
//
// Params   $rows  LIST<MAP>: product_id (STRING), keys (LIST<STRING>, no repeats)
// Returns  product_id  STRING: each product whose categories changed
// Repeat   safe: equal sets are left alone
UNWIND $rows AS row
MATCH (p:Product {product_id: row.product_id}) USING INDEX SEEK p:Product(product_id)
WITH p, row, COLLECT { MATCH (p)-[:IN_CATEGORY]->(old:Category) RETURN old.path } AS had
WHERE any(key IN row.keys WHERE NOT key IN had) OR any(key IN had WHERE NOT key IN row.keys)
CALL (p, row) {
  MATCH (p)-[link:IN_CATEGORY]->(old:Category) WHERE NOT old.path IN row.keys
  DELETE link
}
CALL (p, row, had) {
  UNWIND [key IN row.keys WHERE NOT key IN had] AS key
  MERGE (new:Category {path: key})
  CREATE (p)-[:IN_CATEGORY]->(new)
}
RETURN p.product_id AS product_id
