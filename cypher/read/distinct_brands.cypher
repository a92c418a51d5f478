// Names of brands that a person has parted: they are never merged again by rule.
//
// Params   none
// Returns  one, other  STRING
// Repeat   safe: reads only
MATCH (a:Brand|BrandAlias)-[:DISTINCT_FROM]->(b:Brand|BrandAlias)
RETURN a.name AS one, b.name AS other
