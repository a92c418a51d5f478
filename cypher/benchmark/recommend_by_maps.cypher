// The peer's way to write recommendations: a map a relationship.
//
// Params   $rows  LIST<MAP>: user_id, product_id, rank, score, run_id
// Returns  nothing
// Repeat   no
UNWIND $rows AS row
MATCH (u:User {user_id: row.user_id})
MATCH (p:Product {product_id: row.product_id})
CREATE (u)-[:RECOMMENDED {rank: row.rank, score: row.score, run_id: row.run_id}]->(p)
