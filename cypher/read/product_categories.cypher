// Which categories each product is in, as of a time.
//
// Params   $until  ZONED DATETIME: what was stated before it; null takes what holds now
// Returns  source, target  LIST<INTEGER>: tensor rows
// Repeat   safe: reads only
CALL () {
  MATCH (p:Product)-[:IN_CATEGORY]->(c:Category)
  WHERE $until IS NULL OR NOT EXISTS {
    (p)-[:STATED]->(later:ProductFacts)
    WHERE later.category IS NOT NULL AND later.valid_from >= $until
  }
  RETURN p, c
  UNION ALL
  MATCH (p:Product)-[:STATED]->(later:ProductFacts)
  WHERE later.category IS NOT NULL AND later.valid_from >= $until
  WITH DISTINCT p
  WITH p, COLLECT {
    MATCH (p)-[:STATED]->(f:ProductFacts)
    WHERE f.category IS NOT NULL AND coalesce(f.valid_from < $until, true)
    RETURN f.category ORDER BY f.valid_from IS NULL, f.valid_from DESC
  }[0] AS paths
  UNWIND paths AS path
  MATCH (c:Category {path: path}) USING INDEX SEEK c:Category(path)
  RETURN p, c
}
WITH p, c WHERE p.idx IS NOT NULL AND c.idx IS NOT NULL AND coalesce(p.created_at < $until, true)
RETURN collect(p.idx) AS source, collect(c.idx) AS target
