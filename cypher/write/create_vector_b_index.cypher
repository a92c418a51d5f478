// The vector index of the run published in slot b.
//
// Params   $options  MAP: indexConfig with vector.dimensions
// Returns  nothing
// Repeat   safe: an index of that name stays as it is
CYPHER 25
CREATE VECTOR INDEX product_vector_b IF NOT EXISTS
FOR (p:Product) ON p.vector_b
WITH [p.price, p.in_stock]
OPTIONS $options
