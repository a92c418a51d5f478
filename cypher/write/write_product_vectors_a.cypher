// Overwrite the vectors of products in slot a.
//
// Params   $idx  LIST<INTEGER>: tensor rows, $vector  LIST<LIST<FLOAT>>
//          $weights  LIST<LIST<FLOAT>>: what each weighs in a history, a number a block of the vectors, or empty
// Returns  nothing
// Repeat   safe
UNWIND range(0, size($idx) - 1) AS i
MATCH (n:Product {idx: $idx[i]}) USING INDEX SEEK n:Product(idx)
CALL db.create.setNodeVectorProperty(n, 'vector_a', $vector[i])
SET n.weights_a = $weights[i]
