// Categories for a user: where what they are offered lies.
//
// Params   $user_id  STRING
//          $constraints  MAP = {}: what must hold of the products that count, recommend/for_user says
//          what it may hold, though per_brand, per_category and diversity say nothing here
//          $k  INTEGER: how many at most
// Returns  path, name  STRING, score  FLOAT: Σ over the user's list of 1 / log2(1 + rank),
//          known  BOOLEAN: whether they have turned to any product of it before
// Browser  :params {user_id: '17850', k: 10, constraints: {}}
// Repeat   safe: reads only
CYPHER 25
MATCH (live:ModelRun {live: true})
LET run_id = live.run_id
MATCH (shopper:User {user_id: $user_id})-[r:RECOMMENDED {run_id: run_id}]->(p:Product)
// What fits: the constraints hold of every row, whichever source it comes from.
FILTER NOT coalesce(p.delisted, false)
  AND (coalesce(p.in_stock, true) OR $constraints.in_stock = false)
  AND coalesce(p.price >= $constraints.price_from, $constraints.price_from IS NULL)
  AND coalesce(p.price <= $constraints.price_to, $constraints.price_to IS NULL)
  AND NOT p.product_id IN coalesce($constraints.exclude, [])
  AND ($constraints.brands IS NULL
    OR EXISTS { MATCH (p)-[:MADE_BY]->(b:Brand) WHERE b.name IN $constraints.brands })
  AND ($constraints.categories IS NULL OR EXISTS {
    MATCH (p)-[:IN_CATEGORY]->(c:Category)
    WHERE any(path IN $constraints.categories WHERE c.path = path OR c.path STARTS WITH path + ' > ')
  })
  AND NOT (coalesce($constraints.exclude_seen, false)
    AND EXISTS { (shopper)-[:VIEWED|CLICKED|CARTED|PURCHASED|RATED]->(p) })
  AND NOT (coalesce($constraints.exclude_bought, false) AND EXISTS { (shopper)-[:PURCHASED]->(p) })
// Categories of what fits.
MATCH (p)-[:IN_CATEGORY]->(n:Category)
WITH shopper, n, sum(log(2) / log(1 + r.rank)) AS score
RETURN n.path AS path, n.name AS name, score, EXISTS {
  (shopper)-[:VIEWED|CLICKED|CARTED|PURCHASED|RATED]->(:Product)-[:IN_CATEGORY]->(n)
} AS known
ORDER BY score DESC, path
LIMIT toInteger($k);
