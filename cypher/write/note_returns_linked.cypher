// Note that the returns of a load, and of all before it, are linked.
//
// Params   $now  ZONED DATETIME: the load's time
// Returns  nothing
// Repeat   safe: the latest time stays
MERGE (s:ShopgraphSchema)
SET s.returns_linked_at = CASE
      WHEN $now > coalesce(s.returns_linked_at, $now) THEN $now
      ELSE coalesce(s.returns_linked_at, $now) END
