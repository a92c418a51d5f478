// Replace the recommendations of one batch of users under one run, also a live one: a reader sees
// a user's former list or the new one.
//
// Params   $run_id   STRING
//          $user     LIST<INTEGER>: tensor rows
//          $product  LIST<LIST<INTEGER>>: each user's products, the best first
//          $score    LIST<LIST<FLOAT>>: their scores
//          $reasons  LIST<LIST<LIST<STRING>>>: of each "KIND share product_id", or empty
// Returns  written  INTEGER
// Repeat   safe
UNWIND range(0, size($user) - 1) AS i
MATCH (u:User {idx: $user[i]}) USING INDEX SEEK u:User(idx)
CALL (u) {
  MATCH (u)-[r:RECOMMENDED {run_id: $run_id}]->()
  DELETE r
}
UNWIND range(0, size($product[i]) - 1) AS place
MATCH (p:Product {idx: $product[i][place]}) USING INDEX SEEK p:Product(idx)
CREATE (u)-[:RECOMMENDED {rank: place + 1, score: $score[i][place], run_id: $run_id,
                        reasons: $reasons[i][place]}]->(p)
RETURN count(*) AS written
