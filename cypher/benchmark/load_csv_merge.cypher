// The peer's events, from a ready-made file of the server's import folder, into a filled store.
//
// Params   $file  STRING: its address
//          $now   ZONED DATETIME: the load's time
// Returns  nothing
// Repeat   safe: merged on interaction_id
LOAD CSV WITH HEADERS FROM $file AS row
CALL (row) {
  MATCH (u:User {user_id: row.user_id})
  MATCH (p:Product {product_id: row.product_id})
  MERGE (u)-[e:CLICKED {interaction_id: row.interaction_id}]->(p)
  ON CREATE SET e.position = toInteger(row.position), e.line = toInteger(row.line),
                e.ingested_at = $now
} IN 2 CONCURRENT TRANSACTIONS OF 20000 ROWS ON ERROR RETRY THEN FAIL
