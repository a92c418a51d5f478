// What nodes of a foreign label between two others link, such as the orders between customers and
// items, whichever way the relationships point.
//
// Params   $label, $key, $type, $between, $then, $other, $other_key  STRING
//          $columns  LIST<STRING>: properties of the second relationship, the node, or the first
// Returns  source, target  STRING; values  LIST: a value a column, or null
// Repeat   safe: reads only
CYPHER 25
MATCH (a:$($label))-[r:$($type)]-(m:$($between))-[s:$($then)]-(b:$($other))
WHERE a[$key] IS NOT NULL AND b[$other_key] IS NOT NULL
RETURN toString(a[$key]) AS source, toString(b[$other_key]) AS target,
       [name IN $columns | coalesce(s[name], m[name], r[name])] AS values
