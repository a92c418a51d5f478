// How much a run recommends to how many.
//
// Params   $run_id  STRING
// Returns  users, recommendations  INTEGER
// Repeat   safe: reads only
MATCH (u:User)-[r:RECOMMENDED {run_id: $run_id}]->(:Product)
RETURN count(DISTINCT u) AS users, count(r) AS recommendations
