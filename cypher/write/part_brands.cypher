// Note that two names are different brands, whatever the rules find.
//
// Params   $one, $other  STRING
// Returns  nothing
// Repeat   safe
MATCH (a:Brand|BrandAlias {name: $one})
MATCH (b:Brand|BrandAlias {name: $other})
MERGE (a)-[:DISTINCT_FROM]->(b)
