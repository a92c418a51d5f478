// Delete those of these attributes that nothing has any more, nor ever had by a dated statement.
//
// Params   $keys  LIST<STRING>
// Returns  deleted  INTEGER
// Repeat   safe
OPTIONAL MATCH (f:ProductFacts) WHERE any(key IN f.attributes WHERE key IN $keys)
UNWIND coalesce(f.attributes, [null]) AS stated
WITH collect(DISTINCT stated) AS stated
UNWIND [key IN $keys WHERE NOT key IN stated] AS key
MATCH (a:Attribute {key: key}) USING INDEX SEEK a:Attribute(key)
WHERE NOT EXISTS { (a)--() }
DELETE a
RETURN count(*) AS deleted
