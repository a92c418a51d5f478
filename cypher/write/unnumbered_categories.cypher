// Each Category without a tensor row, in the order of their keys, and the next row to give.
//
// Params   none
// Returns  next  INTEGER; keys  LIST<STRING>
// Repeat   reads only
OPTIONAL MATCH (given:Category) WHERE given.idx IS NOT NULL
WITH coalesce(max(given.idx), -1) + 1 AS seen
OPTIONAL MATCH (s:ShopgraphSchema)
WITH CASE WHEN s.rows_Category > seen THEN s.rows_Category ELSE seen END AS next
OPTIONAL MATCH (n:Category) WHERE n.idx IS NULL
WITH next, n.path AS key ORDER BY key
RETURN next, collect(key) AS keys
