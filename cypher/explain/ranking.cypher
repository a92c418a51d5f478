// A user's ranking by the live run, computed here from the stored vectors and edges alone: what the
// run's list was made of, number by number.
//
// Params   $user_id  STRING
//          $k  INTEGER: how many at most
// Returns  rank  INTEGER, product_id, title  STRING, score  FLOAT: the sum of vectors  FLOAT (h·z + b)
//          and history  FLOAT (Σ_r γ_r f(S_r), what the user's events count for by the edges),
//          stored  INTEGER: the product's place in the run's list, or null
// Browser  :params {user_id: '17850', k: 20}
// Repeat   safe: reads only
CYPHER 25
MATCH (shopper:User {user_id: $user_id})
MATCH (live:ModelRun {live: true})
// One look at the live node, which changes when another run goes live: its slot stays as it is.
LET run_id = live.run_id
MATCH (served:VectorSlot {run_id: run_id})
LET run = properties(served), slot = served.slot
LET asked = CASE slot WHEN 'a' THEN shopper.vector_a ELSE shopper.vector_b END
FILTER asked IS NOT NULL
// What the run knew of them, each product and kind once, the newest first.
CALL (shopper, run) {
  MATCH (shopper)-[e:VIEWED|CLICKED|CARTED|PURCHASED|RETURNED|RATED]->(q:Product)
  WHERE q.idx < run.products
    AND (run.cutoff_ms IS NULL OR e.occurred_at.epochMillis < run.cutoff_ms)
  WITH q, type(e) AS kind,
       max([coalesce(e.occurred_at.epochMillis, 0), coalesce(e.position, e.line, 0)]) AS at
  ORDER BY at DESC
  RETURN collect({q: q, kind:
    {VIEWED: 0, CLICKED: 1, CARTED: 2, PURCHASED: 3, RETURNED: 4, RATED: 5}[kind]}) AS did
}
// An event counts, for a relation, kind · (1 + newer events)^-fading · (events that count)^-length.
LET relations = range(0, coalesce(size(run.term_gamma), 0) - 1)
LET counted = [r IN relations | size([event IN did WHERE run.term_kind[r * 6 + event.kind] > 0])]
LET heard = [i IN range(0, size(did) - 1) | {q: did[i].q, says: [r IN relations |
      run.term_kind[r * 6 + did[i].kind] * (1.0 + i) ^ (-run.term_fading[r])
      * (CASE counted[r] WHEN 0 THEN 1.0 ELSE 1.0 * counted[r] END) ^ (-run.term_length[r])]}],
    lengths = run.product_length * sqrt(reduce(s = 0.0, x IN asked | s + x * x))
LET bought = COLLECT { MATCH (shopper)-[:PURCHASED]->(q:Product) RETURN DISTINCT q }
CALL (slot, asked, heard) {
  // The nearest by the vectors, then all that the history's products count for.
  CALL (slot, asked) {
    WHEN slot = 'a' THEN {
      MATCH (p:Product)
        SEARCH p IN (VECTOR INDEX product_vector_a FOR asked LIMIT 1001)
      RETURN p
    }
    ELSE {
      MATCH (p:Product)
        SEARCH p IN (VECTOR INDEX product_vector_b FOR asked LIMIT 1001)
      RETURN p
    }
  }
  RETURN p, null AS part
  UNION ALL
  UNWIND heard AS event
  LET q = event.q
  CALL (q, slot) {
    WHEN slot = 'a' THEN {
      MATCH (q)-[c:COUNTS_FOR_A]->(p:Product)
      RETURN p, c.weights AS weights
    }
    ELSE {
      MATCH (q)-[c:COUNTS_FOR_B]->(p:Product)
      RETURN p, c.weights AS weights
    }
  }
  RETURN p, [event.says, weights] AS part
}
WITH shopper, run, slot, asked, lengths, relations, bought, p, collect(part) AS parts
FILTER p.idx < run.products AND coalesce(p.in_stock, true) AND NOT coalesce(p.delisted, false)
  AND (coalesce(run.keep_seen, false) OR NOT p IN bought)
LET vectors = lengths * (2 * vector.similarity.cosine(CASE slot WHEN 'a' THEN p.vector_a ELSE p.vector_b END, asked) - 1),
    sums = [r IN relations | reduce(s = 0.0, part IN parts | s + part[0][r] * part[1][run.term_matrix[r]])]
FILTER vectors IS NOT NULL
LET history = reduce(term = 0.0, r IN relations | term + run.term_gamma[r] *
      CASE WHEN run.term_linear[r] THEN sums[r] ELSE log(1 + sums[r] / run.term_scale[r]) END)
WITH shopper, run, p, vectors, history ORDER BY vectors + history DESC, p.product_id
LIMIT CASE WHEN $k < 10000 THEN toInteger($k) ELSE 10000 END
OPTIONAL MATCH (shopper)-[r:RECOMMENDED {run_id: run.run_id}]->(p)
WITH p, vectors, history, r.rank AS stored ORDER BY vectors + history DESC, p.product_id
WITH collect({p: p, vectors: vectors, history: history, stored: stored}) AS rows
UNWIND range(0, size(rows) - 1) AS place
LET row = rows[place]
RETURN place + 1 AS rank, row.p.product_id AS product_id, row.p.title AS title,
       row.vectors + row.history AS score, row.vectors AS vectors, row.history AS history, row.stored AS stored
ORDER BY rank;
