// Delete searches, and queries that nobody else asked.
//
// Params   $ids  LIST<STRING>: interaction_id
// Returns  deleted  INTEGER: how many of them there were
// Repeat   safe
UNWIND $ids AS id
CALL (id) {
  MATCH ()-[e:SEARCHED {interaction_id: id}]->(q:Query)
  USING INDEX SEEK e:SEARCHED(interaction_id)
  RETURN e, q
  UNION ALL
  MATCH (q:Query)-[e:FOUND {interaction_id: id}]->()
  USING INDEX SEEK e:FOUND(interaction_id)
  RETURN e, q
}
WITH collect(DISTINCT id) AS ids, collect(DISTINCT q) AS queries, collect(e) AS events
FOREACH (e IN events | DELETE e)
WITH ids, queries
CALL (queries) {
  UNWIND queries AS q
  WITH q WHERE NOT EXISTS { (q)--() }
  DETACH DELETE q
}
RETURN size(ids) AS deleted
