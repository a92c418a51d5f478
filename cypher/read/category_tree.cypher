// All categories, what hangs under what, and how many products each holds itself.
//
// Params   none
// Returns  path  STRING, parents  LIST<STRING>: their paths, sorted, products  INTEGER
// Repeat   safe: reads only
MATCH (c:Category)
RETURN c.path AS path,
       COLLECT { MATCH (c)-[:SUBCATEGORY_OF]->(up:Category) RETURN up.path ORDER BY up.path } AS parents,
       COUNT { (:Product)-[:IN_CATEGORY]->(c) } AS products
ORDER BY path
