// The text vectors of a page of products as they are now; products without one are left out.
//
// Params   $from, $to  INTEGER: tensor rows, the second not included
// Returns  idx  LIST<INTEGER>; vector  LIST, of BYTES of 32-bit floats where they were packed, else
//          of LIST<FLOAT>
// Repeat   safe: reads only
MATCH (p:Product) WHERE p.idx >= $from AND p.idx < $to
// Not coalesce(), which reads the list of numbers where the bytes are all that is wanted.
WITH p.idx AS idx,
     CASE WHEN p.text_packed IS NULL THEN p.text_vector ELSE p.text_packed END AS vector
WHERE vector IS NOT NULL
RETURN collect(idx) AS idx, collect(vector) AS vector
