// Write a batch of audiences, users with the same value of a profile column, and what they prefer.
//
// Params   $key  LIST<STRING>: column=value
//          $product  LIST<LIST<INTEGER>>: tensor rows, the dearest first
//          $score  LIST<LIST<FLOAT>>: the share of such users who had each
// Returns  nothing
// Repeat   no: delete the audiences first (write/delete_audiences)
UNWIND range(0, size($key) - 1) AS i
MERGE (a:Audience {key: $key[i]})
WITH a, i
UNWIND range(0, size($product[i]) - 1) AS place
MATCH (p:Product {idx: $product[i][place]}) USING INDEX SEEK p:Product(idx)
CREATE (a)-[:PREFERS {rank: place + 1, score: $score[i][place]}]->(p)
