// Merge who follows whom.
//
// Params   $user_id, $follows_id  LIST<STRING>, one entry a row, no repeats
//          $properties  LIST<MAP>: further columns, or empty
//          $now  ZONED DATETIME: the load's time
// Returns  written  INTEGER: how many are new or changed
// Repeat   safe: merged on both users; equal properties are left alone
UNWIND range(0, size($user_id) - 1) AS i
MATCH (u:User {user_id: $user_id[i]}) USING INDEX SEEK u:User(user_id)
MATCH (followed:User {user_id: $follows_id[i]}) USING INDEX SEEK followed:User(user_id)
WITH i, u, followed, NOT EXISTS { (u)-[:FOLLOWS]->(followed) } AS is_new
MERGE (u)-[f:FOLLOWS]->(followed)
ON CREATE SET f.ingested_at = $now
WITH f, is_new, coalesce($properties[i], {}) AS properties
WHERE is_new OR any(key IN keys(properties) WHERE f[key] IS NULL OR f[key] <> properties[key])
SET f += properties
RETURN count(f) AS written
