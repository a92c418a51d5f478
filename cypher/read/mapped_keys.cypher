// The keys of the nodes of a foreign label, and which of them are ours already.
//
// Params   $label, $ours  STRING: their label, and ours; $key  STRING: their key property
// Returns  id  STRING, raw: the key as it is, element  STRING, is_ours  BOOLEAN
// Repeat   safe: reads only
CYPHER 25
MATCH (n:$($label)) WHERE n[$key] IS NOT NULL
RETURN trim(toString(n[$key])) AS id, n[$key] AS raw, elementId(n) AS element,
       n:$($ours) AS is_ours
