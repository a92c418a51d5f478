// A product as it was known before a time: each column by the latest statement that has it.
//
// Params   $product_id  STRING
//          $until  STRING: ISO 8601, UTC where it names no zone
// Returns  column  STRING, value, since  ZONED DATETIME: when it was stated, null if it always held
// Browser  :params {product_id: '85123A', until: '2011-03-01'}
// Repeat   safe: reads only
MATCH (p:Product {product_id: $product_id})
CALL (p) {
  MATCH (p)-[:STATED]->(f:ProductFacts)
  WHERE coalesce(f.valid_from < datetime($until), true)
  UNWIND keys(f) AS column
  RETURN column, f[column] AS value, f.valid_from AS since
  UNION ALL
  WITH p WHERE NOT EXISTS { (p)-[:STATED]->(:ProductFacts) }
  UNWIND keys(p) AS column
  RETURN column, p[column] AS value, null AS since
}
WITH column, value, since
WHERE NOT column IN ['facts_id', 'valid_from', 'ingested_at', 'idx', 'in_stock', 'product_id', 'adopted_key',
                     'text_vector', 'text_packed', 'text_hash', 'text_model', 'vector_a', 'vector_b']
ORDER BY since IS NULL, since DESC
WITH column, collect({value: value, since: since})[0] AS last
RETURN column, last.value AS value, last.since AS since
ORDER BY column;
