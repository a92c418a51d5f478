// Delete events of the interactions table, guests' order lines too, with orders left empty; what
// was derived from pairs of these products is marked stale.
//
// Params   $ids  LIST<STRING>: interaction_id
// Returns  deleted  INTEGER: how many of them there were
// Repeat   safe
UNWIND $ids AS id
CALL (id) {
  MATCH (a)-[e:VIEWED {interaction_id: id}]->(p:Product)
  USING INDEX SEEK e:VIEWED(interaction_id)
  RETURN a, e, p
  UNION ALL
  MATCH (a)-[e:CLICKED {interaction_id: id}]->(p:Product)
  USING INDEX SEEK e:CLICKED(interaction_id)
  RETURN a, e, p
  UNION ALL
  MATCH (a)-[e:CARTED {interaction_id: id}]->(p:Product)
  USING INDEX SEEK e:CARTED(interaction_id)
  RETURN a, e, p
  UNION ALL
  MATCH (a)-[e:PURCHASED {interaction_id: id}]->(p:Product)
  USING INDEX SEEK e:PURCHASED(interaction_id)
  RETURN a, e, p
  UNION ALL
  MATCH (a)-[e:RETURNED {interaction_id: id}]->(p:Product)
  USING INDEX SEEK e:RETURNED(interaction_id)
  RETURN a, e, p
  UNION ALL
  MATCH (a)-[e:RATED {interaction_id: id}]->(p:Product)
  USING INDEX SEEK e:RATED(interaction_id)
  RETURN a, e, p
  UNION ALL
  MATCH (a)-[e:CONTAINS {interaction_id: id}]->(p:Product)
  USING INDEX SEEK e:CONTAINS(interaction_id)
  RETURN a, e, p
}
WITH collect(DISTINCT id) AS ids, collect(DISTINCT a) AS nodes, collect(DISTINCT p) AS products,
     collect(e) AS events,
     collect(DISTINCT {user: CASE WHEN a:User THEN a END, order_id: e.order_id}) AS placed
FOREACH (e IN events | DELETE e)
WITH ids, nodes, products, placed
CALL (products) {
  UNWIND products AS p
  MATCH (p)-[r:BOUGHT_WITH|LEADS_TO]-()
  SET r.stale = true
}
CALL (placed) {
  UNWIND placed AS one
  WITH one.user AS u, one.order_id AS order_id WHERE u IS NOT NULL AND order_id IS NOT NULL
  MATCH (u)-[link:PLACED]->(o:Order {order_id: order_id}) USING INDEX SEEK o:Order(order_id)
  WHERE NOT EXISTS { (u)-[:PURCHASED {order_id: order_id}]->() }
  DELETE link
}
CALL (nodes) {
  UNWIND nodes AS o
  WITH o WHERE o:Order
  CALL (o) {
    MATCH (o)-[line:CONTAINS]->()
    RETURN count(line) AS lines, min(line.occurred_at) AS earliest
  }
  FOREACH (_ IN CASE WHEN lines = 0 THEN [1] ELSE [] END | DETACH DELETE o)
  FOREACH (_ IN CASE WHEN lines > 0 THEN [1] ELSE [] END | SET o.occurred_at = earliest)
}
RETURN size(ids) AS deleted
