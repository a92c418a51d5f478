// Relations between products that the shop itself states, as of a time.
//
// Params   $until  ZONED DATETIME: those valid from before it and those without a time; null takes all
// Returns  source, target  LIST<INTEGER>: tensor rows
// Repeat   safe: reads only
MATCH (a:Product)-[r:RELATED_TO]->(b:Product)
WHERE a.idx IS NOT NULL AND b.idx IS NOT NULL AND coalesce(r.valid_from < $until, true)
  AND coalesce(a.created_at < $until, true) AND coalesce(b.created_at < $until, true)
RETURN collect(a.idx) AS source, collect(b.idx) AS target
