// The peer's users, from a ready-made file of the server's import folder.
//
// Params   $file  STRING: its address
// Returns  nothing
// Repeat   safe: merged on user_id
LOAD CSV WITH HEADERS FROM $file AS row
CALL (row) {
  MERGE (:User {user_id: row.user_id})
} IN TRANSACTIONS OF 20000 ROWS
