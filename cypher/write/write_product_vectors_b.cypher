// Overwrite the vectors of products in slot b.
//
// Params   $idx  LIST<INTEGER>: tensor rows, $vector  LIST<LIST<FLOAT>>
// Returns  nothing
// Repeat   safe
UNWIND range(0, size($idx) - 1) AS i
MATCH (n:Product {idx: $idx[i]}) USING INDEX SEEK n:Product(idx)
CALL db.create.setNodeVectorProperty(n, 'vector_b', $vector[i])
