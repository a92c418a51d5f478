// Delete users with everything they did and everything derived from it: events, orders and queries
// that hold nothing else, what their sessions found, recommendations, profiles and vectors.
//
// Params   $ids  LIST<STRING>: user_id
// Returns  deleted  INTEGER: how many there were
// Repeat   safe
UNWIND $ids AS id
MATCH (u:User {user_id: id}) USING INDEX SEEK u:User(user_id)
CALL (u) {
  MATCH (u)-[:PURCHASED|RETURNED|CARTED|VIEWED|CLICKED]->(p:Product)-[r:BOUGHT_WITH|LEADS_TO]-()
  SET r.stale = true
}
CALL (u) {
  MATCH (u)-[e:PURCHASED]->() WHERE e.order_id IS NOT NULL
  WITH e.interaction_id AS interaction_id
  MATCH (o:Order)-[line:CONTAINS {interaction_id: interaction_id}]->()
  USING INDEX SEEK line:CONTAINS(interaction_id)
  DELETE line
  WITH DISTINCT o WHERE NOT EXISTS { (o)-[:CONTAINS]->() }
  DETACH DELETE o
}
CALL (u) {
  MATCH (u)-[:PLACED]->(o:Order) WHERE NOT EXISTS { (o)-[:CONTAINS]->() }
  DETACH DELETE o
}
CALL (u) {
  MATCH (u)-[e:VIEWED|CLICKED|CARTED|PURCHASED|RETURNED|RATED|REVIEWED|SEARCHED]->()
  WITH collect(DISTINCT e.session_id) AS sessions,
       collect(CASE WHEN type(e) = 'SEARCHED' THEN e.interaction_id END) AS searches
  MATCH (q:Query)-[found:FOUND]->()
  WHERE found.interaction_id IN searches OR found.session_id IN sessions
  DELETE found
  WITH DISTINCT q WHERE NOT EXISTS { (q)--() }
  DELETE q
}
CALL (u) {
  MATCH (u)-[:SEARCHED]->(q:Query)
  WHERE NOT EXISTS { (q)<-[:SEARCHED]-(other) WHERE other <> u } AND NOT EXISTS { (q)-[:FOUND]->() }
  DETACH DELETE q
}
// A node that was there before loses what is ours and stays.
CALL (u) {
  WITH u WHERE u.adopted_key IS NOT NULL
  MATCH (u)-[r:VIEWED|CLICKED|CARTED|PURCHASED|RETURNED|
               RATED|REVIEWED|SEARCHED|FOLLOWS|PLACED|RECOMMENDED]-()
  DELETE r
}
WITH u, u.adopted_key AS own_key
FOREACH (n IN CASE WHEN own_key IS NULL THEN [u] ELSE [] END | DETACH DELETE n)
FOREACH (n IN CASE WHEN own_key IS NULL THEN [] ELSE [u] END |
  REMOVE n:User, n.idx, n.ingested_at, n.adopted_key, n.vector_a, n.vector_b
  SET n.user_id = CASE own_key WHEN 'user_id' THEN n.user_id END)
RETURN count(*) AS deleted
