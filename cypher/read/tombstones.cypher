// What stands for everything deleted for good.
//
// Params   none
// Returns  key  STRING: a salted hash of table and id
// Repeat   safe: reads only
MATCH (t:Tombstone)
RETURN t.key AS key
