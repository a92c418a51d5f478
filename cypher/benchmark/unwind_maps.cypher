// The peer's events as most people write them: a list of maps.
//
// Params   $rows  LIST<MAP>: user_id, product_id, interaction_id (STRING), position, line (INTEGER)
//          $now   ZONED DATETIME: the load's time
// Returns  nothing
// Repeat   safe: merged on interaction_id
UNWIND $rows AS row
MATCH (u:User {user_id: row.user_id})
MATCH (p:Product {product_id: row.product_id})
MERGE (u)-[e:CARTED {interaction_id: row.interaction_id}]->(p)
ON CREATE SET e.position = row.position, e.line = row.line, e.ingested_at = $now
