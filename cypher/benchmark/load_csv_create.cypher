// The peer's events, from a ready-made file of the server's import folder, into a new store.
//
// Params   $file  STRING: its address
//          $now   ZONED DATETIME: the load's time
// Returns  nothing
// Repeat   refused: every event is created
LOAD CSV WITH HEADERS FROM $file AS row
CALL (row) {
  MATCH (u:User {user_id: row.user_id})
  MATCH (p:Product {product_id: row.product_id})
  CREATE (u)-[e:PURCHASED {interaction_id: row.interaction_id}]->(p)
  SET e.position = toInteger(row.position), e.line = toInteger(row.line), e.ingested_at = $now
} IN TRANSACTIONS OF 20000 ROWS
