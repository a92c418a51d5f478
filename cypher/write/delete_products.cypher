// Delete products with everything that was stated about them and done to them, orders and queries
// that hold nothing else, and everything derived.
//
// Params   $ids  LIST<STRING>: product_id
// Returns  deleted  INTEGER: how many there were
// Repeat   safe
UNWIND $ids AS id
MATCH (p:Product {product_id: id}) USING INDEX SEEK p:Product(product_id)
CALL (p) {
  MATCH (p)-[:STATED]->(f:ProductFacts)
  DETACH DELETE f
}
CALL (p) {
  MATCH (o:Order)-[:CONTAINS]->(p)
  WITH DISTINCT o WHERE NOT EXISTS { (o)-[:CONTAINS]->(other) WHERE other <> p }
  DETACH DELETE o
}
CALL (p) {
  MATCH (q:Query)-[:FOUND]->(p)
  WITH DISTINCT q WHERE NOT EXISTS { (q)<-[:SEARCHED]-() }
    AND NOT EXISTS { (q)-[:FOUND]->(other) WHERE other <> p }
  DETACH DELETE q
}
// A node that was there before loses what is ours and stays.
CALL (p) {
  WITH p WHERE p.adopted_key IS NOT NULL
  MATCH (p)-[r:VIEWED|CLICKED|CARTED|PURCHASED|RETURNED|RATED|REVIEWED|FOUND|
               CONTAINS|RELATED_TO|RECOMMENDED|MADE_BY|IN_CATEGORY|HAS_ATTRIBUTE|BOUGHT_WITH|LEADS_TO|SIMILAR_TO|
               COUNTS_FOR_A|COUNTS_FOR_B]-()
  DELETE r
}
WITH p, p.adopted_key AS own_key
FOREACH (n IN CASE WHEN own_key IS NULL THEN [p] ELSE [] END | DETACH DELETE n)
FOREACH (n IN CASE WHEN own_key IS NULL THEN [] ELSE [p] END |
  REMOVE n:Product, n.idx, n.ingested_at, n.adopted_key, n.vector_a, n.vector_b, n.in_stock, n.text_vector, n.text_packed, n.text_hash, n.text_model
  SET n.product_id = CASE own_key WHEN 'product_id' THEN n.product_id END)
RETURN count(*) AS deleted
