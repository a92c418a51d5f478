// A property that we would write and that nodes of a foreign label have of their own.
//
// Params   $label, $ours  STRING: their label, and ours; $names  LIST<STRING>: what we write
// Returns  name  STRING: the first such property, or no row
// Repeat   safe: reads only
CYPHER 25
UNWIND $names AS name
WITH name WHERE EXISTS {
  MATCH (n:$($label)) WHERE NOT n:$($ours) AND n[name] IS NOT NULL
}
RETURN name LIMIT 1
