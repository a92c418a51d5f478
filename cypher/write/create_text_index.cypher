// The vector index over products' text vectors.
//
// Params   $options  MAP: indexConfig with vector.dimensions
// Returns  nothing
// Repeat   safe: an index of that name stays as it is
CYPHER 25
CREATE VECTOR INDEX product_text IF NOT EXISTS
FOR (p:Product) ON p.text_vector
WITH [p.price, p.in_stock]
OPTIONS $options
