// Purchases and returns of every user and product whose purchases or returns have been touched by a
// load, or by earlier ones that were broken off before their returns were linked.
//
// Params   $now  ZONED DATETIME: the load's time; null takes all pairs with a return
// Returns  pair  STRING: the same for one user and product; interaction_id  STRING;
//          is_return  BOOLEAN; time_ms  INTEGER or null; quantity  FLOAT or null;
//          returns  STRING or null: what a return is linked to now
// Repeat   safe: reads only
OPTIONAL MATCH (s:ShopgraphSchema)
WITH s.returns_linked_at AS linked
MATCH (u:User)-[back:RETURNED]->(p:Product)
WITH DISTINCT u, p,
     $now IS NULL OR linked IS NULL OR back.ingested_at > linked OR back.ingested_at = $now
     OR EXISTS {
       MATCH (u)-[bought:PURCHASED]->(p)
       WHERE bought.ingested_at > linked OR bought.ingested_at = $now
     } AS touched
WHERE touched
WITH DISTINCT u, p
MATCH (u)-[e:PURCHASED|RETURNED]->(p)
RETURN elementId(u) + ' ' + elementId(p) AS pair, e.interaction_id AS interaction_id,
       type(e) = 'RETURNED' AS is_return, e.occurred_at.epochMillis AS time_ms,
       e.quantity AS quantity, e.returns AS returns
