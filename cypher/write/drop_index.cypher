// Drop an index, so that it can be made again with other dimensions.
//
// Params   $name  STRING
// Returns  nothing
// Repeat   safe
DROP INDEX $name IF EXISTS
