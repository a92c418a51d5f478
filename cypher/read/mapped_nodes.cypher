// The nodes of a foreign label.
//
// Params   $label, $key  STRING; $columns  LIST<STRING>: properties
// Returns  id  STRING; values  LIST: a value a column, or null
// Repeat   safe: reads only
CYPHER 25
MATCH (n:$($label)) WHERE n[$key] IS NOT NULL
RETURN toString(n[$key]) AS id, [name IN $columns | n[name]] AS values
