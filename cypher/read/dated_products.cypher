// Which of these products have statements of their own time, told apart from the product.
//
// Params   $product_id  LIST<STRING>
// Returns  product_id  STRING
// Repeat   safe: reads only
UNWIND $product_id AS id
MATCH (p:Product {product_id: id}) USING INDEX SEEK p:Product(product_id)
WHERE p.valid_from IS NOT NULL OR EXISTS { (p)-[:STATED]->(:ProductFacts) }
RETURN p.product_id AS product_id
