// Merge users and their profile.
//
// Params   $rows  LIST<MAP>: user_id (STRING), properties (MAP, no nulls)
//          $now   ZONED DATETIME: the load's time
// Returns  user_id  STRING: each user who is new or changed
// Repeat   safe: merged on user_id; equal properties are left alone
UNWIND $rows AS row
OPTIONAL MATCH (old:User {user_id: row.user_id}) USING INDEX SEEK old:User(user_id)
WITH row, old IS NULL AS is_new
MERGE (u:User {user_id: row.user_id})
ON CREATE SET u.ingested_at = $now
WITH u, row, is_new,
     any(key IN keys(row.properties) WHERE u[key] IS NULL OR u[key] <> row.properties[key]) AS differs
WHERE is_new OR differs
SET u += row.properties
RETURN DISTINCT u.user_id AS user_id
