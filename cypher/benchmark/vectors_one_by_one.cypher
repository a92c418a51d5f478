// The peer's way to read text vectors: a record a product.
//
// Params   none
// Returns  idx  INTEGER, vector  LIST<FLOAT>
// Repeat   safe: reads only
MATCH (p:Product) WHERE p.text_vector IS NOT NULL
RETURN p.idx AS idx, p.text_vector AS vector
