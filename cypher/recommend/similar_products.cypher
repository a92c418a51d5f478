// Similar to a product: the nearest by the live run's vectors, in stock.
//
// Params   $product_id  STRING
//          $k  INTEGER: how many at most
// Returns  product_id, title  STRING, price, score  FLOAT: cosine similarity from 0 to 1
// Browser  :params {product_id: '85123A', k: 10}
// Repeat   safe: reads only
MATCH (run:ModelRun {live: true})
MATCH (seed:Product {product_id: $product_id})
// The last two numbers of a vector carry popularity and length: they say nothing of likeness.
CALL (run, seed) {
  WHEN run.slot = 'a' THEN {
    LET asked = seed.vector_a[..-2] + [0.0, 0.0]
    MATCH (p:Product)
      SEARCH p IN (VECTOR INDEX product_vector_a FOR asked WHERE p.in_stock = true LIMIT 201)
      SCORE AS score
    RETURN p, score
  } ELSE {
    LET asked = seed.vector_b[..-2] + [0.0, 0.0]
    MATCH (p:Product)
      SEARCH p IN (VECTOR INDEX product_vector_b FOR asked WHERE p.in_stock = true LIMIT 201)
      SCORE AS score
    RETURN p, score
  }
}
WITH seed, p, score WHERE p <> seed
RETURN p.product_id AS product_id, p.title AS title, p.price AS price, score
ORDER BY score DESC, product_id
LIMIT toInteger($k);
