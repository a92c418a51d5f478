// The vector indexes there are.
//
// Params   none
// Returns  name  STRING, dimensions  INTEGER
// Repeat   safe: reads only
SHOW VECTOR INDEXES YIELD name, options
RETURN name, options.indexConfig['vector.dimensions'] AS dimensions
