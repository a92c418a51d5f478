// Search: products for words in natural language, by their words and by their meaning, put in one order by
// reciprocal rank fusion, and brought nearer to the user who asks.
//
// Params   $text  STRING: what was typed
//          $vector  LIST<FLOAT> = []: the text as the encoder has it, shopgraph query makes it
//          $user_id  STRING = '': who is asked for, or nobody
//          $constraints  MAP = {}: what must hold of every row, recommend/for_user says what it may hold
//          $k  INTEGER: how many at most
// Returns  rank  INTEGER, product_id, title  STRING, price, score  FLOAT, source  STRING: words,
//          meaning, or both (score: Σ 1 / (60 + place) over both orders, Cormack et al., 2009, and, of what
//          they found, over the order by the user's vector now, at half weight)
// Browser  :params {text: 'red shoes', vector: [], user_id: '', k: 20, constraints: {}}
// Repeat   safe: reads only
CYPHER 25
OPTIONAL MATCH (shopper:User {user_id: $user_id})
OPTIONAL MATCH (live:ModelRun {live: true})
// One look at the live node, which changes when another run goes live: its slot stays as it is.
LET run_id = live.run_id
OPTIONAL MATCH (served:VectorSlot {run_id: run_id})
LET run = properties(served), slot = served.slot
// The user's vector now: the run's own, or, where they have done something since, h = Σ_k β_k ⊙
// Σ_e w_ke z_e over as many of their newest events as the run looked at (gnn/model.py, UserEncoder),
// then 1 and 0 for the products' bias and length.
LET changed = coalesce(run.encoder_mix, run.sets_scale) IS NOT NULL AND EXISTS {
  MATCH (shopper)-[e:VIEWED|CLICKED|CARTED|PURCHASED|RETURNED|RATED]->(:Product)
  WHERE e.ingested_at.epochMillis > coalesce(run.bookmark_ms, 0)
}
CALL (shopper, run, slot, changed) {
  // A user of sets: of each block of the vectors h = s · Σ_e kind_e · weight_e · z_e, the first one by its
  // length, the others by the root of how many events count (gnn/model.py, SetEncoder).
  WHEN changed AND run.sets_scale IS NOT NULL THEN {
    MATCH (shopper)-[e:VIEWED|CLICKED|CARTED|PURCHASED|RETURNED|RATED]->(q:Product)
    FILTER CASE slot WHEN 'a' THEN q.vector_a ELSE q.vector_b END IS NOT NULL
    WITH q, type(e) AS kind,
         max([coalesce(e.occurred_at.epochMillis, 0), coalesce(e.position, e.line, 0)]) AS at
    ORDER BY at DESC LIMIT 1000
    WITH collect({q: q, kind:
      {VIEWED: 0, CLICKED: 1, CARTED: 2, PURCHASED: 3, RETURNED: 4, RATED: 5}[kind]})[..run.history] AS events
    LET sizes = run.sets_sizes, scale = run.sets_scale,
        counted = [event IN events | run.sets_kinds[event.kind]],
        columns = [event IN events | CASE slot WHEN 'a' THEN event.q.vector_a ELSE event.q.vector_b END],
        weights = [event IN events | CASE slot WHEN 'a' THEN event.q.weights_a ELSE event.q.weights_b END],
        n = size([event IN events WHERE run.sets_kinds[event.kind] > 0])
    LET pools = [k IN range(0, size(sizes) - 1) | head([first IN [reduce(first = 0, size IN sizes[..k] | first + size)] |
          [d IN range(first, first + sizes[k] - 1) | reduce(h = 0.0, i IN range(0, size(events) - 1) |
             h + counted[i] * coalesce(weights[i][k], 0.0) * columns[i][d])]])]
    LET factors = [k IN range(0, size(sizes) - 1) | scale[k] / CASE
          WHEN k = 0 THEN sqrt(reduce(s = 1e-24, x IN pools[0] | s + x * x))
          WHEN n = 0 THEN 1.0 ELSE sqrt(n) END]
    RETURN reduce(h = [], k IN range(0, size(sizes) - 1) | h + [x IN pools[k] | x * factors[k]]) + [1.0, 0.0] AS asked
  }
  WHEN changed THEN {
    MATCH (shopper)-[e:VIEWED|CLICKED|CARTED|PURCHASED|RETURNED|RATED]->(q:Product)
    FILTER CASE slot WHEN 'a' THEN q.vector_a ELSE q.vector_b END IS NOT NULL
    WITH q, type(e) AS kind,
         max([coalesce(e.occurred_at.epochMillis, 0), coalesce(e.position, e.line, 0)]) AS at
    ORDER BY at DESC LIMIT 1000
    WITH collect({q: q, at: at[0], kind:
      {VIEWED: 0, CLICKED: 1, CARTED: 2, PURCHASED: 3, RETURNED: 4, RATED: 5}[kind]})[..run.history] AS events
    LET by_rank = run.encoder_rank, by_age = run.encoder_age, by_days = run.encoder_days,
        by_kind = run.encoder_kind, mix = run.encoder_mix, mean = run.encoder_mean,
        now = CASE WHEN run.cutoff_ms > events[0].at THEN run.cutoff_ms ELSE events[0].at END,
        n = size(events),
        columns = [event IN events | CASE slot WHEN 'a' THEN event.q.vector_a ELSE event.q.vector_b END]
    LET dim = size(columns[0]) - 2
    LET pools = [k IN range(0, size(by_rank) - 1) | [i IN range(0, n - 1) |
          exp(by_kind[k * 6 + events[i].kind] - by_rank[k] * log(1 + i) - by_age[k] * i
              - by_days[k] * log(1 + CASE events[i].at WHEN 0 THEN 0 ELSE (now - events[i].at) / 86400000.0 END))]]
    LET shares = [pool IN pools | CASE WHEN mean THEN 1.0 / reduce(s = 1e-12, w IN pool | s + w) ELSE 1.0 END],
        // Each member of the model has a block of the vector and pools of its own over it.
        width = size(mix) / size(by_rank)
    LET own = size(by_rank) * width / dim
    RETURN [d IN range(0, dim - 1) | reduce(h = 0.0, k IN range(d / width * own, d / width * own + own - 1) |
             h + mix[k * width + d % width] * shares[k]
               * reduce(s = 0.0, i IN range(0, n - 1) | s + pools[k][i] * columns[i][d]))] + [1.0, 0.0] AS asked
  }
  ELSE {
    RETURN CASE slot WHEN 'a' THEN shopper.vector_a ELSE shopper.vector_b END AS asked
  }
}
// Signs of Lucene's query language are typed as words.
WITH shopper, slot, asked AS taste, CASE WHEN size($vector) > 0 THEN $vector END AS asked
LET words = trim(reduce(text = toLower(left($text, 300)), sign IN split('+ - & | ! ( ) { } [ ] ^ " ~ * ? : / < > = \\', ' ') |
      replace(text, sign, ' ')))
CALL (words, asked) {
  CALL (words) {
    WHEN words <> '' THEN {
      CALL db.index.fulltext.queryNodes('product_words', words,
        {limit: CASE WHEN $k <= 20 AND size(keys($constraints)) = 0 THEN 100 ELSE 200 END}) YIELD node, score
      RETURN node AS p, 'words' AS way, score
    }
    WHEN false THEN {
      RETURN null AS p, null AS way, null AS score
    }
  }
  RETURN p, way, score
  UNION ALL
  // The nearest by their texts: the index filters stock and price itself, within categories or
  // brands all are compared.
  CALL (asked) {
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
      LET score = vector.similarity.cosine(p.text_vector, asked)
      FILTER score IS NOT NULL
      RETURN p, score
    }
    WHEN $constraints.price_from IS NULL AND $constraints.price_to IS NULL THEN {
      MATCH (p:Product)
        SEARCH p IN (VECTOR INDEX product_text FOR asked
                     WHERE p.in_stock >= coalesce($constraints.in_stock, true)
                     LIMIT CASE WHEN $k <= 20 AND all(key IN keys($constraints) WHERE key IN ['in_stock', 'price_from', 'price_to']) THEN 101
                                WHEN $k <= 100 AND all(key IN keys($constraints) WHERE key IN ['in_stock', 'price_from', 'price_to']) THEN 301
                                WHEN $k <= 100 AND all(key IN keys($constraints) WHERE key IN
                                  ['in_stock', 'price_from', 'price_to', 'per_brand', 'per_category']) THEN CASE WHEN $k <= 20 THEN 301 ELSE 601 END
                                ELSE 1001 END)
        SCORE AS score
      RETURN p, score
    }
    ELSE {
      MATCH (p:Product)
        SEARCH p IN (VECTOR INDEX product_text FOR asked
                     WHERE p.in_stock >= coalesce($constraints.in_stock, true)
                       AND p.price >= coalesce($constraints.price_from, 0.0)
                       AND p.price <= coalesce($constraints.price_to, 1e300)
                     LIMIT CASE WHEN $k <= 20 AND all(key IN keys($constraints) WHERE key IN ['in_stock', 'price_from', 'price_to']) THEN 101
                                WHEN $k <= 100 AND all(key IN keys($constraints) WHERE key IN ['in_stock', 'price_from', 'price_to']) THEN 301
                                WHEN $k <= 100 AND all(key IN keys($constraints) WHERE key IN
                                  ['in_stock', 'price_from', 'price_to', 'per_brand', 'per_category']) THEN CASE WHEN $k <= 20 THEN 301 ELSE 601 END
                                ELSE 1001 END)
        SCORE AS score
      RETURN p, score
    }
  }
  RETURN p, 'meaning' AS way, score
}
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
// Places are counted among what fits.
WITH slot, taste, way, p, score ORDER BY way, score DESC, p.product_id
WITH way, collect(p)[..200] AS found, head(collect(slot)) AS slot, head(collect(taste)) AS taste
UNWIND range(0, size(found) - 1) AS place
WITH found[place] AS p, sum(1.0 / (61 + place)) AS fused, collect(way) AS ways,
     head(collect(slot)) AS slot, head(collect(taste)) AS taste
ORDER BY fused DESC LIMIT 200
LET near = vector.similarity.cosine(CASE slot WHEN 'a' THEN p.vector_a ELSE p.vector_b END, taste)
WITH p, fused, ways, near ORDER BY near DESC
WITH collect({p: p, fused: fused, ways: ways, near: near}) AS found, count(near) AS placed
UNWIND range(0, size(found) - 1) AS place
LET row = found[place]
LET p = row.p, tier = 1, source = CASE size(row.ways) WHEN 2 THEN 'both' ELSE row.ways[0] END,
    score = row.fused + CASE WHEN row.near IS NULL THEN 0.0 ELSE 0.5 / (61 + place - (size(found) - placed)) END
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
