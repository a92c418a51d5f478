// The text vectors of a page of products as of a time; products without one are left out.
//
// Where what a product says of itself has changed since, the vector of its former words counts:
// the present one if they were the same, else that of the statement, else none.
//
// Params   $from, $to  INTEGER: tensor rows, the second not included
//          $until  ZONED DATETIME: the words of before it
// Returns  idx  INTEGER, vector  BYTES of 32-bit floats where they were packed, else LIST<FLOAT>
// Repeat   safe: reads only
MATCH (p:Product) WHERE p.idx >= $from AND p.idx < $to 
  AND coalesce(p.created_at < $until, true)
CALL (p) {
  MATCH (p)-[:STATED]->(f:ProductFacts)
  WHERE coalesce(f.title, f.description, f.brand, f.category, f.attributes) IS NOT NULL
  WITH f ORDER BY f.valid_from IS NULL, f.valid_from DESC
  RETURN any(later IN collect(f) WHERE later.valid_from >= $until) AS changed,
         [was IN collect(f) WHERE coalesce(was.valid_from < $until, true)][0] AS former
}
WITH p.idx AS idx, CASE
  WHEN NOT changed OR former.text_hash = p.text_hash THEN coalesce(p.text_packed, p.text_vector)
  WHEN former.text_model = p.text_model THEN former.text_packed
END AS vector
WHERE vector IS NOT NULL
RETURN idx, vector
