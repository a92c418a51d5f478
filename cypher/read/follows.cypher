// Who follows whom, as of a time.
//
// Params   $until  ZONED DATETIME: those of before it and those without a time; null takes all
// Returns  source, target  LIST<INTEGER>: tensor rows
// Repeat   safe: reads only
MATCH (a:User)-[f:FOLLOWS]->(b:User)
WHERE a.idx IS NOT NULL AND b.idx IS NOT NULL AND coalesce(f.occurred_at < $until, true)
RETURN collect(a.idx) AS source, collect(b.idx) AS target
