// Similar to a product: the nearest by the live run's vectors, in stock.
//
// Params   $product_id  STRING
//          $k  INTEGER: how many at most, up to 1000
// Returns  product_id, title  STRING, price  FLOAT, score  FLOAT: from 0 to 1, the higher the nearer
// Browser  :params {product_id: '85123A', k: 10}
// Repeat   safe: reads only
CYPHER 25
MATCH (run:ModelRun {live: true})
MATCH (seed:Product {product_id: $product_id})
LET slot = run.slot
// The last two numbers of a vector carry popularity and length: they say nothing of likeness.
LET asked = CASE slot WHEN 'a' THEN seed.vector_a ELSE seed.vector_b END[..-2] + [0.0, 0.0]
// A product that nothing is known of is like none.
FILTER any(number IN asked WHERE number <> 0)
// The search takes more than wanted: it looks wider then, and some are left out below.
CALL (slot, asked) {
  WHEN slot = 'a' THEN {
    MATCH (p:Product)
      SEARCH p IN (VECTOR INDEX product_vector_a FOR asked WHERE p.in_stock = true
                   LIMIT CASE WHEN $k < 100 THEN 101 WHEN $k < 1000 THEN toInteger($k) + 1 ELSE 1001 END)
      SCORE AS score
    RETURN p, score
  } ELSE {
    MATCH (p:Product)
      SEARCH p IN (VECTOR INDEX product_vector_b FOR asked WHERE p.in_stock = true
                   LIMIT CASE WHEN $k < 100 THEN 101 WHEN $k < 1000 THEN toInteger($k) + 1 ELSE 1001 END)
      SCORE AS score
    RETURN p, score
  }
}
WITH seed, p, score WHERE p <> seed AND NOT coalesce(p.delisted, false)
RETURN p.product_id AS product_id, p.title AS title, p.price AS price, score
ORDER BY score DESC, product_id
LIMIT toInteger($k);
