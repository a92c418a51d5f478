// Overwrite the text vectors of products.
//
// Params   $idx  LIST<INTEGER>, $vector  LIST<LIST<FLOAT>>, unit length, $hash  LIST<STRING>
//          $packed  LIST<BYTES>: the same vectors as 32-bit floats, which training reads ten
//            times as fast
//          $model  STRING: the encoder's name
// Returns  nothing
// Repeat   safe
UNWIND range(0, size($idx) - 1) AS i
MATCH (p:Product {idx: $idx[i]}) USING INDEX SEEK p:Product(idx)
SET p.text_hash = $hash[i], p.text_model = $model, p.text_packed = $packed[i]
WITH p, $vector[i] AS vector
CALL db.create.setNodeVectorProperty(p, 'text_vector', vector)
