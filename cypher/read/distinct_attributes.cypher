// Names of attributes that a person has parted: they are never merged again by rule.
//
// Params   none
// Returns  one, other  STRING
// Repeat   safe: reads only
MATCH (a:Attribute|AttributeAlias)-[:DISTINCT_FROM]->(b:Attribute|AttributeAlias)
RETURN a.key AS one, b.key AS other
