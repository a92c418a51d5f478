// Delete the recommendations of every run but these, a page of users a transaction.
//
// Params   $keep  LIST<STRING>: run ids
// Returns  deleted  INTEGER
// Repeat   safe
MATCH (u:User)
CALL (u) {
  MATCH (u)-[r:RECOMMENDED]->() WHERE NOT r.run_id IN $keep
  DELETE r
  RETURN count(r) AS deleted
} IN TRANSACTIONS OF 1000 ROWS
RETURN sum(deleted) AS deleted
