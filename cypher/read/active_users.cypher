// Users with recommendations of the live run, those who bought most first.
//
// Params   $k  INTEGER: how many at most
// Returns  user_id  STRING, purchases  INTEGER
// Repeat   safe: reads only
MATCH (run:ModelRun {live: true})
MATCH (u:User)
WHERE EXISTS { (u)-[:RECOMMENDED {run_id: run.run_id}]->() }
RETURN u.user_id AS user_id, COUNT { (u)-[:PURCHASED]->() } AS purchases
ORDER BY purchases DESC, user_id
LIMIT $k
