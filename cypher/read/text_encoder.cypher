// Which encoder the products' text vectors are of.
//
// Params   none
// Returns  model  STRING, no row where no product has a vector
// Repeat   safe: reads only
MATCH (p:Product) WHERE p.text_vector IS NOT NULL
RETURN p.text_model AS model
LIMIT 1
