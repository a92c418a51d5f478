// Create the users that so far only another table names.
//
// Params   $ids  LIST<STRING>
//          $now  ZONED DATETIME: the load's time
// Returns  nothing
// Repeat   safe: merged on user_id
UNWIND $ids AS user_id
MERGE (u:User {user_id: user_id})
ON CREATE SET u.ingested_at = $now
