// Take the text vector from products that no longer say anything.
//
// Params   $idx  LIST<INTEGER>, $hash  LIST<STRING>, $model  STRING
// Returns  nothing
// Repeat   safe
UNWIND range(0, size($idx) - 1) AS i
MATCH (p:Product {idx: $idx[i]}) USING INDEX SEEK p:Product(idx)
SET p.text_hash = $hash[i], p.text_model = $model
REMOVE p.text_vector, p.text_packed
