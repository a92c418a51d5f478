// Forget that two names are different brands.
//
// Params   $one, $other  STRING
// Returns  nothing
// Repeat   safe
MATCH (a:Brand|BrandAlias {name: $one})-[link:DISTINCT_FROM]-(b:Brand|BrandAlias {name: $other})
DELETE link
