// The peer's search: any word in the title.
//
// Params   $text  STRING, $k  INTEGER
// Returns  product_id  STRING, score  INTEGER: words found
// Repeat   safe: reads only
MATCH (p:Product) WHERE p.in_stock = true
WITH p, size([word IN split(toLower($text), ' ') WHERE toLower(p.title) CONTAINS word]) AS score
WHERE score > 0
RETURN p.product_id AS product_id, score
ORDER BY score DESC
LIMIT toInteger($k)
