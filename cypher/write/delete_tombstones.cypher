// Forget that something was deleted: the next load brings it back.
//
// Params   $keys  LIST<STRING>: salted hashes of table and id
// Returns  nothing
// Repeat   safe
UNWIND $keys AS key
MATCH (t:Tombstone {key: key}) USING INDEX SEEK t:Tombstone(key)
DELETE t
