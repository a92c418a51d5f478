// Overwrite the text vectors of past statements about products.
//
// Params   $facts_id  LIST<STRING>, $packed  LIST<BYTES>: vectors of unit length as 32-bit floats,
//          null where the text is empty or the product's present one; $hash  LIST<STRING>; $model  STRING: the encoder
// Returns  nothing
// Repeat   safe
UNWIND range(0, size($facts_id) - 1) AS i
MATCH (f:ProductFacts {facts_id: $facts_id[i]}) USING INDEX SEEK f:ProductFacts(facts_id)
SET f.text_hash = $hash[i], f.text_model = $model, f.text_packed = $packed[i]
