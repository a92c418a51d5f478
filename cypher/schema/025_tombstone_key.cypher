// One tombstone a thing that was deleted for good: merged on its key.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT tombstone_key IF NOT EXISTS FOR (n:Tombstone) REQUIRE n.key IS UNIQUE
