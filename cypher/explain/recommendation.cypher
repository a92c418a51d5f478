// Why a user is offered a product: paths from what they did, through the graph, to the product.
//
// Params   $user_id  STRING
//          $product_id  STRING
//          $k  INTEGER: how many paths at most
// Returns  reason  STRING: bought together, same attribute, same brand or same category,
//          because  STRING: title of the product the user knows, through  STRING: what links them,
//          weight  FLOAT: shared orders / √((order lines of the one + 5) · (of the other + 5)), or
//          1 / (1 + how many products have that attribute, brand or category),
//          path  PATH, drawn in Neo4j Browser: of what the user did with the product they know,
//          that which says most, the newest of these
// Browser  :params {user_id: '17850', product_id: '22423', k: 3}
// Repeat   safe: reads only
CYPHER 25
MATCH (u:User {user_id: $user_id}), (target:Product {product_id: $product_id})
CALL (u, target) {
  // From the product's orders, not from each product the user knows: these may be hundreds.
  MATCH (target)<-[:CONTAINS]-(o:Order)
  WITH DISTINCT u, target, o
  MATCH (o)-[:CONTAINS]->(known:Product)
  WITH u, target, known, collect(DISTINCT o) AS orders
  WHERE known <> target
    AND EXISTS { (u)-[:PURCHASED|CARTED|RATED|CLICKED|VIEWED]->(known) }
  LET shared = size(orders)
  RETURN known, 'bought together' AS reason, orders[0] AS link,
         shared + CASE shared WHEN 1 THEN ' order' ELSE ' orders' END AS through,
         shared / sqrt(
           (COUNT { (known)<-[:CONTAINS]-() } + 5.0) * (COUNT { (target)<-[:CONTAINS]-() } + 5.0)
         ) AS weight
  UNION ALL
  LET links = COLLECT { MATCH (target)-[:HAS_ATTRIBUTE|MADE_BY|IN_CATEGORY]->(l) RETURN l }
  MATCH (u)-[:PURCHASED|CARTED|RATED|CLICKED|VIEWED]->(known:Product)
  WHERE known <> target
  WITH DISTINCT links, known
  MATCH (known)-[h:HAS_ATTRIBUTE|MADE_BY|IN_CATEGORY]->(l)
  WHERE l IN links
  RETURN known, l AS link,
         CASE type(h)
           WHEN 'HAS_ATTRIBUTE' THEN 'same attribute'
           WHEN 'MADE_BY' THEN 'same brand'
           ELSE 'same category'
         END AS reason,
         coalesce(l.key, l.path, l.name) AS through,
         1.0 / (1 + COUNT { (l)<-[:HAS_ATTRIBUTE|MADE_BY|IN_CATEGORY]-() }) AS weight
}
WITH * ORDER BY weight DESC, reason, known.product_id, through LIMIT toInteger($k)
CALL (u, target, known, link) {
  MATCH path = (u)-[did:PURCHASED|CARTED|RATED|CLICKED|VIEWED]->(known)
               -[:CONTAINS|HAS_ATTRIBUTE|MADE_BY|IN_CATEGORY]-(link)
               -[:CONTAINS|HAS_ATTRIBUTE|MADE_BY|IN_CATEGORY]-(target)
  RETURN path
  ORDER BY CASE type(did) WHEN 'PURCHASED' THEN 1 WHEN 'CARTED' THEN 2 WHEN 'RATED' THEN 3
             WHEN 'CLICKED' THEN 4 ELSE 5 END,
           coalesce(did.occurred_at.epochMillis, did.position, did.line) DESC
  LIMIT 1
}
RETURN reason, coalesce(known.title, known.product_id) AS because, through, weight, path
ORDER BY weight DESC, reason, known.product_id, through;
