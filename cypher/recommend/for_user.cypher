// Recommended for a user: the live run's list, less what has sold out or left the shop since.
//
// Params   $user_id  STRING
//          $k  INTEGER: how many at most
// Returns  rank  INTEGER, product_id, title  STRING, price, score  FLOAT
// Browser  :params {user_id: '17850', k: 20}
// Repeat   safe: reads only
MATCH (run:ModelRun {live: true})
MATCH (:User {user_id: $user_id})-[r:RECOMMENDED {run_id: run.run_id}]->(p:Product)
WHERE coalesce(p.in_stock, true) AND NOT coalesce(p.delisted, false)
RETURN r.rank AS rank, p.product_id AS product_id, p.title AS title, p.price AS price,
       r.score AS score
ORDER BY rank
LIMIT toInteger($k);
