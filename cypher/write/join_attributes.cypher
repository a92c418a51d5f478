// Forget that two names are different attributes.
//
// Params   $one, $other  STRING
// Returns  nothing
// Repeat   safe
MATCH (a:Attribute|AttributeAlias {key: $one})-[link:DISTINCT_FROM]-(b:Attribute|AttributeAlias {key: $other})
DELETE link
