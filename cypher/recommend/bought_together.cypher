// Bought together with a cart: what the orders that hold any of its products hold besides.
//
// Params   $product_ids  LIST<STRING>: the cart
//          $k  INTEGER: how many at most
// Returns  product_id, title  STRING, price  FLOAT, orders  INTEGER: shared with the cart,
//          score  FLOAT: Σ over the cart of shared orders / √(orders of the one · of the other)
// Browser  :params {product_ids: ['85123A', '22423'], k: 10}
// Repeat   safe: reads only
UNWIND $product_ids AS product_id
MATCH (c:Product {product_id: product_id})
WITH collect(DISTINCT c) AS cart
UNWIND cart AS c
MATCH (c)<-[:CONTAINS]-(o:Order)
WITH cart, c, collect(DISTINCT o) AS orders
WITH cart, c, orders, size(orders) AS of_cart
UNWIND orders AS o
MATCH (o)-[:CONTAINS]->(p:Product)
WHERE NOT p IN cart AND coalesce(p.in_stock, true)
WITH c, of_cart, p, count(DISTINCT o) AS shared
WITH p, sum(shared) AS orders,
     sum(shared / sqrt(toFloat(of_cart) * COUNT { (p)<-[:CONTAINS]-() })) AS score
RETURN p.product_id AS product_id, p.title AS title, p.price AS price, orders, score
ORDER BY score DESC, product_id
LIMIT toInteger($k);
