// Note that two names are different attributes, whatever the rules find.
//
// Params   $one, $other  STRING
// Returns  nothing
// Repeat   safe
MATCH (a:Attribute|AttributeAlias {key: $one})
MATCH (b:Attribute|AttributeAlias {key: $other})
MERGE (a)-[:DISTINCT_FROM]->(b)
