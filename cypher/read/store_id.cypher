// What tells this store from any other.
//
// Params   none
// Returns  id  STRING
// Repeat   safe: reads only
CALL db.info() YIELD id
RETURN id
