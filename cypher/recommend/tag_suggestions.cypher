// Tags for a user: the attributes that what they are offered has more than the rest of the shop.
//
// Params   $user_id  STRING
//          $k  INTEGER: how many at most
// Returns  key, name  STRING, score  FLOAT: Σ over the user's list of 1 / log2(1 + rank),
//          over ln(2 + products that have it),
//          known  BOOLEAN: whether they have turned to any product of it before
// Browser  :params {user_id: '17850', k: 10}
// Repeat   safe: reads only
CYPHER 25
MATCH (live:ModelRun {live: true})
LET run_id = live.run_id
MATCH (shopper:User {user_id: $user_id})-[r:RECOMMENDED {run_id: run_id}]->(p:Product)
MATCH (p)-[:HAS_ATTRIBUTE]->(n:Attribute)
WITH shopper, n, sum(log(2) / log(1 + r.rank)) AS offered
LET score = offered / log(2 + COUNT { (n)<-[:HAS_ATTRIBUTE]-() })
RETURN n.key AS key, n.name AS name, score, EXISTS {
  (shopper)-[:VIEWED|CLICKED|CARTED|PURCHASED|RATED]->(:Product)-[:HAS_ATTRIBUTE]->(n)
} AS known
ORDER BY score DESC, key
LIMIT toInteger($k);
