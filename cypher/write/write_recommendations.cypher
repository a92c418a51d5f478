// Write the recommendations of one batch of users under a run that is not live.
//
// Params   $run_id   STRING
//          $user     LIST<INTEGER>: tensor rows
//          $product  LIST<LIST<INTEGER>>: each user's products, the best first
//          $score    LIST<LIST<FLOAT>>: their scores
//          $reasons  LIST<LIST<LIST<STRING>>>: of each "KIND share product_id", or empty
// Returns  written  INTEGER
// Repeat   no: clear the run's recommendations first (write/delete_recommendations)
UNWIND range(0, size($user) - 1) AS i
MATCH (u:User {idx: $user[i]}) USING INDEX SEEK u:User(idx)
UNWIND range(0, size($product[i]) - 1) AS place
MATCH (p:Product {idx: $product[i][place]}) USING INDEX SEEK p:Product(idx)
CREATE (u)-[:RECOMMENDED {rank: place + 1, score: $score[i][place], run_id: $run_id,
                        reasons: $reasons[i][place]}]->(p)
RETURN count(*) AS written
