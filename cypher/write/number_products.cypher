// Give each Product without a tensor row the next one, in the order of their keys.
//
// Params   none
// Returns  numbered  INTEGER
// Repeat   safe: rows once given never change, nor are those of deleted nodes given again
OPTIONAL MATCH (given:Product) WHERE given.idx IS NOT NULL
WITH coalesce(max(given.idx), -1) + 1 AS seen
OPTIONAL MATCH (s:ShopgraphSchema)
WITH CASE WHEN s.rows_Product > seen THEN s.rows_Product ELSE seen END AS next
MATCH (n:Product) WHERE n.idx IS NULL
WITH next, n ORDER BY n.product_id
WITH next, collect(n) AS nodes
UNWIND range(0, size(nodes) - 1) AS i
WITH nodes[i] AS n, next + i AS idx
CALL (n, idx) { SET n.idx = idx } IN TRANSACTIONS OF 10000 ROWS
RETURN count(n) AS numbered
