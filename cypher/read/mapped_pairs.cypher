// The relationships of a foreign type between nodes of two foreign labels.
//
// Params   $label, $key, $type, $other, $other_key  STRING; $columns  LIST<STRING>: properties
// Returns  source, target  STRING; values  LIST: a value of the relationship a column, or null
// Repeat   safe: reads only
CYPHER 25
MATCH (a:$($label))-[r:$($type)]->(b:$($other))
WHERE a[$key] IS NOT NULL AND b[$other_key] IS NOT NULL
RETURN toString(a[$key]) AS source, toString(b[$other_key]) AS target,
       [name IN $columns | r[name]] AS values
