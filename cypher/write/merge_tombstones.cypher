// Remember what was deleted for good.
//
// Params   $keys  LIST<STRING>: salted hashes of table and id
//          $now   ZONED DATETIME
// Returns  nothing
// Repeat   safe: merged on key
UNWIND $keys AS key
MERGE (t:Tombstone {key: key})
ON CREATE SET t.deleted_at = $now
