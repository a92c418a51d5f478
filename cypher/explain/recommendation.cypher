// Why a user is offered a product: paths from what they did, through the graph, to the product.
//
// Params   $user_id  STRING
//          $product_id  STRING
//          $k  INTEGER: how many paths at most
// Returns  reason  STRING: bought together, same attribute, same brand or same category;
//          because  STRING: title of the product the user knows; through  STRING: what links them;
//          weight  FLOAT: the rarer the link, the more; path  PATH, drawn in Neo4j Browser
// Browser  :params {user_id: '17850', product_id: '22423', k: 3}
// Repeat   safe: reads only
MATCH (u:User {user_id: $user_id}), (target:Product {product_id: $product_id})
CALL (u, target) {
  MATCH (u)-[did:PURCHASED|CARTED|CLICKED|VIEWED|RATED]->(known:Product)
  WHERE known <> target
  RETURN known, head(collect(did)) AS did
}
CALL (u, target, known, did) {
  MATCH (known)<-[a:CONTAINS]-(o:Order)-[b:CONTAINS]->(target)
  WITH known, target, did, u, collect({a: a, o: o, b: b}) AS shared
  LET one = shared[0]
  MATCH path = (u)-[d WHERE d = did]->(known)<-[x WHERE x = one.a]-(:Order)-[y WHERE y = one.b]->(target)
  RETURN path, 'bought together' AS reason, size(shared) + ' orders' AS through,
         size(shared) / sqrt(toFloat(COUNT { (known)<-[:CONTAINS]-() }) * COUNT { (target)<-[:CONTAINS]-() })
         AS weight
  UNION
  MATCH path = (u)-[d WHERE d = did]->(known)-[:HAS_ATTRIBUTE]->(a:Attribute)<-[:HAS_ATTRIBUTE]-(target)
  RETURN path, 'same attribute' AS reason, a.key AS through,
         1.0 / (1 + COUNT { (a)<-[:HAS_ATTRIBUTE]-() }) AS weight
  UNION
  MATCH path = (u)-[d WHERE d = did]->(known)-[:MADE_BY]->(b:Brand)<-[:MADE_BY]-(target)
  RETURN path, 'same brand' AS reason, b.name AS through,
         1.0 / (1 + COUNT { (b)<-[:MADE_BY]-() }) AS weight
  UNION
  MATCH path = (u)-[d WHERE d = did]->(known)-[:IN_CATEGORY]->(c:Category)<-[:IN_CATEGORY]-(target)
  RETURN path, 'same category' AS reason, c.path AS through,
         1.0 / (1 + COUNT { (c)<-[:IN_CATEGORY]-() }) AS weight
}
RETURN reason, known.title AS because, through, weight, path
ORDER BY weight DESC, because
LIMIT toInteger($k);
