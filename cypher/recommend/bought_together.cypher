// Bought together with a cart: what the orders that hold any of its products hold besides.
//
// Params   $product_ids  LIST<STRING>: the cart
//          $k  INTEGER: how many at most
// Returns  product_id, title  STRING, price  FLOAT, orders  INTEGER: shared with the cart, one
//          counted again for each product of the cart it holds, score  FLOAT: Σ over the cart of
//          shared orders / √((order lines of the one + 5) · (order lines of the other + 5)), where
//          the 5 keep a product that was ordered once from leading
// Browser  :params {product_ids: ['85123A', '22423'], k: 10}
// Repeat   safe: reads only
MATCH (c:Product) WHERE c.product_id IN $product_ids
WITH collect(c) AS cart
UNWIND cart AS c
MATCH (c)<-[:CONTAINS]-(o:Order)
WITH DISTINCT cart, c, o
MATCH (o)-[:CONTAINS]->(p:Product)
WITH cart, c, p, count(DISTINCT o) AS shared
WHERE NOT p IN cart AND coalesce(p.in_stock, true) AND NOT coalesce(p.delisted, false)
WITH p, sum(shared) AS orders,
     sum(shared / sqrt((COUNT { (c)<-[:CONTAINS]-() } + 5.0) * (COUNT { (p)<-[:CONTAINS]-() } + 5.0)))
     AS score
RETURN p.product_id AS product_id, p.title AS title, p.price AS price, orders, score
ORDER BY score DESC, product_id
LIMIT toInteger($k);
