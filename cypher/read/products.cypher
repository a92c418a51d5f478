// The keys of a page of products and whether they may be offered, as of a time.
//
// A product is known from its first event or statement on. What only has timeless facts, or only
// other products' relations to it, was always known, unless it says when it was created.
//
// Params   $from, $to  INTEGER: tensor rows, the second not included
//          $until  ZONED DATETIME: what was known before it; null takes what is known now
// Returns  idx  LIST<INTEGER>, id  LIST<STRING>, offered  LIST<BOOLEAN>
// Repeat   safe: reads only
MATCH (p:Product) WHERE p.idx >= $from AND p.idx < $to
  AND ($until IS NULL
    OR EXISTS {
      (p)<-[e:VIEWED|CLICKED|CARTED|PURCHASED|RETURNED|RATED|REVIEWED|FOUND|CONTAINS]-()
      WHERE coalesce(e.occurred_at < $until, true)
    }
    OR coalesce(p.created_at < $until, true) AND (
      EXISTS { (p)-[:STATED]->(f:ProductFacts) WHERE coalesce(f.valid_from < $until, true) }
      OR NOT EXISTS { (p)-[:STATED]->(:ProductFacts) } AND (
        any(key IN keys(p) WHERE NOT key IN [
          'product_id', 'idx', 'in_stock', 'ingested_at', 'adopted_key',
          'text_vector', 'text_packed', 'text_hash', 'text_model', 'vector_a', 'vector_b'
        ])
        OR EXISTS { (p)-[:MADE_BY|IN_CATEGORY|HAS_ATTRIBUTE]->() }
        OR EXISTS { (p)-[r:RELATED_TO]-(:Product) WHERE coalesce(r.valid_from < $until, true) }
      )
    ))
CALL (p) {
  MATCH (p)-[:STATED]->(f:ProductFacts) WHERE f.stock IS NOT NULL
  WITH f ORDER BY f.valid_from IS NULL, f.valid_from DESC
  RETURN any(later IN collect(f) WHERE later.valid_from >= $until) AS restocked,
         [was IN collect(f) WHERE coalesce(was.valid_from < $until, true)][0].stock AS stock
}
CALL (p) {
  MATCH (p)-[:STATED]->(f:ProductFacts) WHERE f.delisted IS NOT NULL
  WITH f ORDER BY f.valid_from IS NULL, f.valid_from DESC
  RETURN any(later IN collect(f) WHERE later.valid_from >= $until) AS relisted,
         [was IN collect(f) WHERE coalesce(was.valid_from < $until, true)][0].delisted AS delisted
}
RETURN collect(p.idx) AS idx, collect(p.product_id) AS id,
       collect(
         coalesce(CASE WHEN restocked THEN stock > 0 ELSE p.in_stock END, true)
         AND NOT coalesce(CASE WHEN relisted THEN delisted ELSE p.delisted END, false)
       ) AS offered
