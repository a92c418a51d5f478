// Overwrite the vectors of users in slot b.
//
// Params   $idx  LIST<INTEGER>: tensor rows, $vector  LIST<LIST<FLOAT>>
// Returns  nothing
// Repeat   safe
UNWIND range(0, size($idx) - 1) AS i
MATCH (n:User {idx: $idx[i]}) USING INDEX SEEK n:User(idx)
CALL db.create.setNodeVectorProperty(n, 'vector_b', $vector[i])
