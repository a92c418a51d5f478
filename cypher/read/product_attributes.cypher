// Which attributes each product has, as of a time; what was mined from texts, only where these
// have not changed since.
//
// Params   $until  ZONED DATETIME: what was stated before it; null takes what holds now
// Returns  source, target  LIST<INTEGER>: tensor rows
// Repeat   safe: reads only
CALL () {
  MATCH (p:Product)-[link:HAS_ATTRIBUTE]->(a:Attribute)
  WHERE $until IS NULL OR NOT EXISTS {
    (p)-[:STATED]->(later:ProductFacts)
    WHERE later.valid_from >= $until
      AND CASE WHEN link.source IS NULL THEN later.attributes
          ELSE coalesce(later.title, later.description) END IS NOT NULL
  }
  RETURN p, a
  UNION ALL
  MATCH (p:Product)-[:STATED]->(later:ProductFacts)
  WHERE later.attributes IS NOT NULL AND later.valid_from >= $until
  WITH DISTINCT p
  WITH p, COLLECT {
    MATCH (p)-[:STATED]->(f:ProductFacts)
    WHERE f.attributes IS NOT NULL AND coalesce(f.valid_from < $until, true)
    RETURN f.attributes ORDER BY f.valid_from IS NULL, f.valid_from DESC
  }[0] AS keys
  UNWIND keys AS key
  OPTIONAL MATCH (alias:AttributeAlias {key: key})-[:ALIAS_OF]->(of:Attribute)
  USING INDEX SEEK alias:AttributeAlias(key)
  MATCH (a:Attribute {key: coalesce(of.key, key)}) USING INDEX SEEK a:Attribute(key)
  RETURN p, a
}
WITH p, a WHERE p.idx IS NOT NULL AND a.idx IS NOT NULL AND coalesce(p.created_at < $until, true)
RETURN collect(p.idx) AS source, collect(a.idx) AS target
