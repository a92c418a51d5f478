// Give each Attribute without a tensor row the next one, in the order of their keys.
//
// Params   none
// Returns  numbered  INTEGER
// Repeat   safe: rows once given never change, nor are those of deleted nodes given again
OPTIONAL MATCH (given:Attribute) WHERE given.idx IS NOT NULL
WITH coalesce(max(given.idx), -1) + 1 AS seen
OPTIONAL MATCH (s:ShopgraphSchema)
WITH CASE WHEN s.rows_Attribute > seen THEN s.rows_Attribute ELSE seen END AS next
MATCH (n:Attribute) WHERE n.idx IS NULL
WITH next, n ORDER BY n.key
WITH next, collect(n) AS nodes
UNWIND range(0, size(nodes) - 1) AS i
WITH nodes[i] AS n, next + i AS idx
CALL (n, idx) { SET n.idx = idx } IN TRANSACTIONS OF 10000 ROWS
RETURN count(n) AS numbered
