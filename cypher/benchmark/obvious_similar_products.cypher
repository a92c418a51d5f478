// The peer's similar products: every product compared.
//
// Params   $product_id  STRING, $k  INTEGER
// Returns  product_id  STRING, score  FLOAT
// Repeat   safe: reads only
MATCH (seed:Product {product_id: $product_id})
MATCH (p:Product) WHERE p <> seed AND p.in_stock = true
RETURN p.product_id AS product_id, vector.similarity.cosine(seed.vector_a, p.vector_a) AS score
ORDER BY score DESC
LIMIT toInteger($k)
