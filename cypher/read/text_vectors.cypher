// The text vectors of a page of products; products without one are left out.
//
// Params   $from, $to  INTEGER: tensor rows, the second not included
// Returns  idx  INTEGER, vector  LIST<FLOAT>
// Repeat   safe: reads only
MATCH (p:Product) WHERE p.idx >= $from AND p.idx < $to AND p.text_vector IS NOT NULL
RETURN p.idx AS idx, p.text_vector AS vector
