// Similar to a product: the nearest by the live run's vectors.
//
// Params   $product_id  STRING
//          $constraints  MAP = {}: what must hold of every row, recommend/for_user says what it may hold
//          $k  INTEGER: how many at most
// Returns  rank  INTEGER, product_id, title  STRING, price, score  FLOAT, source  STRING: nearest
//          (score from 0 to 1, the higher the nearer)
// Browser  :params {product_id: '85123A', k: 10, constraints: {}}
// Repeat   safe: reads only
CYPHER 25
MATCH (seed:Product {product_id: $product_id})
OPTIONAL MATCH (shopper:User {user_id: $constraints.user_id})
OPTIONAL MATCH (live:ModelRun {live: true})
// One look at the live node, which changes when another run goes live: its slot stays as it is.
LET run_id = live.run_id
OPTIONAL MATCH (served:VectorSlot {run_id: run_id})
LET run = properties(served), slot = served.slot
// The last two numbers of a vector carry popularity and length: they say nothing of likeness.
LET asked = CASE slot WHEN 'a' THEN seed.vector_a ELSE seed.vector_b END[..-2] + [0.0, 0.0]
// A product that nothing is known of is like none.
FILTER any(number IN asked WHERE number <> 0)
CALL (slot, asked) {
  // The nearest by the live run's vectors: its index filters stock and price itself, within
  // categories or brands all are compared.
  CALL (slot, asked) {
    WHEN size(coalesce($constraints.categories, []) + coalesce($constraints.brands, [])) > 0 THEN {
      CALL () {
        UNWIND coalesce($constraints.categories, []) AS path
        MATCH (c:Category) WHERE c.path STARTS WITH path
        MATCH (c)<-[:IN_CATEGORY]-(p:Product)
        RETURN p
        UNION
        UNWIND coalesce($constraints.brands, []) AS name
        MATCH (:Brand {name: name})<-[:MADE_BY]-(p:Product)
        RETURN p
      }
      LET score = vector.similarity.cosine(CASE slot WHEN 'a' THEN p.vector_a ELSE p.vector_b END, asked)
      FILTER score IS NOT NULL
      RETURN p, score
    }
    WHEN slot = 'a' AND $constraints.price_from IS NULL AND $constraints.price_to IS NULL THEN {
      MATCH (p:Product)
        SEARCH p IN (VECTOR INDEX product_vector_a FOR asked
                     WHERE p.in_stock >= coalesce($constraints.in_stock, true)
                     LIMIT CASE WHEN $k <= 50 AND all(key IN keys($constraints) WHERE key IN ['in_stock', 'price_from', 'price_to']) THEN 101
                                WHEN $k <= 100 AND all(key IN keys($constraints) WHERE key IN ['in_stock', 'price_from', 'price_to']) THEN 301
                                WHEN $k <= 100 AND all(key IN keys($constraints) WHERE key IN
                                  ['in_stock', 'price_from', 'price_to', 'per_brand', 'per_category']) THEN CASE WHEN $k <= 20 THEN 301 ELSE 601 END
                                ELSE 1001 END)
        SCORE AS score
      RETURN p, score
    }
    WHEN slot = 'a' THEN {
      MATCH (p:Product)
        SEARCH p IN (VECTOR INDEX product_vector_a FOR asked
                     WHERE p.in_stock >= coalesce($constraints.in_stock, true)
                       AND p.price >= coalesce($constraints.price_from, 0.0)
                       AND p.price <= coalesce($constraints.price_to, 1e300)
                     LIMIT CASE WHEN $k <= 50 AND all(key IN keys($constraints) WHERE key IN ['in_stock', 'price_from', 'price_to']) THEN 101
                                WHEN $k <= 100 AND all(key IN keys($constraints) WHERE key IN ['in_stock', 'price_from', 'price_to']) THEN 301
                                WHEN $k <= 100 AND all(key IN keys($constraints) WHERE key IN
                                  ['in_stock', 'price_from', 'price_to', 'per_brand', 'per_category']) THEN CASE WHEN $k <= 20 THEN 301 ELSE 601 END
                                ELSE 1001 END)
        SCORE AS score
      RETURN p, score
    }
    WHEN $constraints.price_from IS NULL AND $constraints.price_to IS NULL THEN {
      MATCH (p:Product)
        SEARCH p IN (VECTOR INDEX product_vector_b FOR asked
                     WHERE p.in_stock >= coalesce($constraints.in_stock, true)
                     LIMIT CASE WHEN $k <= 50 AND all(key IN keys($constraints) WHERE key IN ['in_stock', 'price_from', 'price_to']) THEN 101
                                WHEN $k <= 100 AND all(key IN keys($constraints) WHERE key IN ['in_stock', 'price_from', 'price_to']) THEN 301
                                WHEN $k <= 100 AND all(key IN keys($constraints) WHERE key IN
                                  ['in_stock', 'price_from', 'price_to', 'per_brand', 'per_category']) THEN CASE WHEN $k <= 20 THEN 301 ELSE 601 END
                                ELSE 1001 END)
        SCORE AS score
      RETURN p, score
    }
    ELSE {
      MATCH (p:Product)
        SEARCH p IN (VECTOR INDEX product_vector_b FOR asked
                     WHERE p.in_stock >= coalesce($constraints.in_stock, true)
                       AND p.price >= coalesce($constraints.price_from, 0.0)
                       AND p.price <= coalesce($constraints.price_to, 1e300)
                     LIMIT CASE WHEN $k <= 50 AND all(key IN keys($constraints) WHERE key IN ['in_stock', 'price_from', 'price_to']) THEN 101
                                WHEN $k <= 100 AND all(key IN keys($constraints) WHERE key IN ['in_stock', 'price_from', 'price_to']) THEN 301
                                WHEN $k <= 100 AND all(key IN keys($constraints) WHERE key IN
                                  ['in_stock', 'price_from', 'price_to', 'per_brand', 'per_category']) THEN CASE WHEN $k <= 20 THEN 301 ELSE 601 END
                                ELSE 1001 END)
        SCORE AS score
      RETURN p, score
    }
  }
  RETURN p, 1 AS tier, score, 'nearest' AS source
}
FILTER p <> seed
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
// The choice: sources in their order, the best of each first, at most so many of a brand and of a
// category, taken greedily, then, if wanted, unlike each other (MMR, Carbonell and Goldstein, 1998,
// relevance by place, likeness by the texts' vectors).
WITH p, tier, score, source ORDER BY tier, score DESC, p.product_id
WITH p, collect({tier: tier, score: score, source: source})[0] AS found
ORDER BY found.tier, found.score DESC, p.product_id
LIMIT CASE WHEN size([key IN keys($constraints) WHERE key IN ['per_brand', 'per_category', 'diversity']]) = 0
      THEN CASE WHEN $k < 10000 THEN toInteger($k) ELSE 10000 END ELSE 500 END
WITH collect({p: p, found: found}) AS pool
// What is of which brand and category is looked up when its turn comes, until there are enough.
LET few = CASE WHEN $constraints.per_brand IS NULL AND $constraints.per_category IS NULL THEN pool
  ELSE reduce(kept = [], row IN pool | CASE
    WHEN size(kept) / CASE WHEN coalesce($constraints.diversity, 0) = 0 THEN 1 ELSE 3 END >= $k THEN kept
    ELSE head([p IN [row.p] | head([one IN [row {.*,
        brands: CASE WHEN $constraints.per_brand IS NULL THEN [] ELSE [(p)-[:MADE_BY]->(b:Brand) | b.name] END,
        categories: CASE WHEN $constraints.per_category IS NULL THEN []
                    ELSE [(p)-[:IN_CATEGORY]->(c:Category) | c.path] END}] |
      CASE WHEN none(name IN one.brands WHERE
                 size([x IN kept WHERE name IN x.brands]) >= coalesce($constraints.per_brand, 500))
            AND none(path IN one.categories WHERE
                 size([x IN kept WHERE path IN x.categories]) >= coalesce($constraints.per_category, 500))
           THEN kept + [one] ELSE kept END])])
    END) END
LET chosen = CASE WHEN coalesce($constraints.diversity, 0) = 0 THEN few
  ELSE reduce(
    state = {picked: [], left: [i IN range(0, size(few) - 1) WHERE i / 3 < $k |
      {p: few[i].p, found: few[i].found, near: 0.0,
       worth: (1.0 - $constraints.diversity) * (1.0 - 1.0 * i / size(few))}]},
    step IN [step IN range(1, size(few)) WHERE step <= $k] |
    head([best IN [reduce(best = head(state.left), row IN tail(state.left) | CASE
        WHEN row.worth - $constraints.diversity * row.near
           > best.worth - $constraints.diversity * best.near THEN row ELSE best END)] |
      {picked: state.picked + [best], left: [row IN state.left WHERE row.p <> best.p |
        row {.*, near: reduce(near = row.near,
          like IN [vector.similarity.cosine(row.p.text_vector, best.p.text_vector)] |
          CASE WHEN like > near THEN like ELSE near END)}]}])
  ).picked END
UNWIND range(0, size(chosen) - 1) AS place
LET p = chosen[place].p, found = chosen[place].found
RETURN place + 1 AS rank, p.product_id AS product_id, p.title AS title, p.price AS price,
       found.score AS score, found.source AS source
ORDER BY rank
LIMIT CASE WHEN $k < 10000 THEN toInteger($k) ELSE 10000 END;
