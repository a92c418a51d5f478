// Which brand each product is of, as of a time.
//
// Params   $until  ZONED DATETIME: what was stated before it; null takes what holds now
// Returns  source, target  LIST<INTEGER>: tensor rows
// Repeat   safe: reads only
CALL () {
  MATCH (p:Product)-[:MADE_BY]->(b:Brand)
  WHERE $until IS NULL OR NOT EXISTS {
    (p)-[:STATED]->(later:ProductFacts)
    WHERE later.brand IS NOT NULL AND later.valid_from >= $until
  }
  RETURN p, b
  UNION ALL
  MATCH (p:Product)-[:STATED]->(later:ProductFacts)
  WHERE later.brand IS NOT NULL AND later.valid_from >= $until
  WITH DISTINCT p
  WITH p, COLLECT {
    MATCH (p)-[:STATED]->(f:ProductFacts)
    WHERE f.brand IS NOT NULL AND coalesce(f.valid_from < $until, true)
    RETURN f.brand ORDER BY f.valid_from IS NULL, f.valid_from DESC
  }[0] AS name
  OPTIONAL MATCH (:BrandAlias {name: name})-[:ALIAS_OF]->(of:Brand)
  MATCH (b:Brand {name: coalesce(of.name, name)})
  RETURN p, b
}
WITH p, b WHERE p.idx IS NOT NULL AND b.idx IS NOT NULL AND coalesce(p.created_at < $until, true)
RETURN collect(p.idx) AS source, collect(b.idx) AS target
