// Take the vector, and what goes with it, in slot b from products that the run to be published there does not know.
//
// Params   $rows  INTEGER: the run knows the tensor rows below it
// Returns  nothing
// Repeat   safe
MATCH (n:Product) WHERE n.idx >= $rows AND n.vector_b IS NOT NULL
CALL (n) { REMOVE n.vector_b, n.weights_b } IN TRANSACTIONS OF 10000 ROWS
