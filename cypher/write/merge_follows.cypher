// Merge who follows whom.
//
// Params   $user_id, $follows_id  LIST<STRING>, one entry a row
//          $properties  LIST<MAP>: further columns, or empty
//          $now  ZONED DATETIME: the load's time
// Returns  written  INTEGER: how many were not there before
// Repeat   safe: merged on both users
UNWIND range(0, size($user_id) - 1) AS i
MATCH (u:User {user_id: $user_id[i]})
MATCH (followed:User {user_id: $follows_id[i]})
MERGE (u)-[f:FOLLOWS]->(followed)
ON CREATE SET f.ingested_at = $now, f.new = true
WITH i, f, f.new AS is_new
SET f += coalesce($properties[i], {})
REMOVE f.new
RETURN count(is_new) AS written
