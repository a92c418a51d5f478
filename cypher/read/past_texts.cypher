// What was stated of a page of products' texts, the oldest first, where that was ever changed.
//
// Params   $from, $to  INTEGER: tensor rows, the second not included
// Returns  idx  INTEGER; current_hash  STRING or null: of the present text;
//          statements  LIST<MAP>: facts_id, title, description, brand, category, attributes,
//          text_hash, text_model, has_vector
// Repeat   safe: reads only
MATCH (p:Product)-[:STATED]->(f:ProductFacts)
WHERE p.idx >= $from AND p.idx < $to
  AND coalesce(f.title, f.description, f.brand, f.category, f.attributes) IS NOT NULL
WITH p, f ORDER BY p.idx, f.valid_from IS NOT NULL, f.valid_from
WITH p, collect({
  facts_id: f.facts_id, title: f.title, description: f.description, brand: f.brand,
  category: f.category, attributes: f.attributes, text_hash: f.text_hash,
  text_model: f.text_model, has_vector: f.text_packed IS NOT NULL
}) AS statements
WHERE size(statements) > 1
RETURN p.idx AS idx, p.text_hash AS current_hash, statements
