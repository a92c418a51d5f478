// Categories for a user: where what they are offered lies.
//
// Params   $user_id  STRING
//          $k  INTEGER: how many at most
// Returns  path, name  STRING, score  FLOAT: Σ over the user's list of 1 / log2(1 + rank),
//          known  BOOLEAN: whether they have turned to any product of it before
// Browser  :params {user_id: '17850', k: 10}
// Repeat   safe: reads only
CYPHER 25
MATCH (live:ModelRun {live: true})
LET run_id = live.run_id
MATCH (shopper:User {user_id: $user_id})-[r:RECOMMENDED {run_id: run_id}]->(p:Product)
MATCH (p)-[:IN_CATEGORY]->(n:Category)
WITH shopper, n, sum(log(2) / log(1 + r.rank)) AS score
RETURN n.path AS path, n.name AS name, score, EXISTS {
  (shopper)-[:VIEWED|CLICKED|CARTED|PURCHASED|RATED]->(:Product)-[:IN_CATEGORY]->(n)
} AS known
ORDER BY score DESC, path
LIMIT toInteger($k);
