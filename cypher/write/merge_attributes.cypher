// Merge the attributes of past statements, which no product need have any more;
// an alias of another leads there already.
//
// Params   $keys  LIST<STRING>
// Returns  nothing
// Repeat   safe: merged on key
UNWIND $keys AS key
WITH key WHERE NOT EXISTS {
  MATCH (alias:AttributeAlias {key: key}) USING INDEX SEEK alias:AttributeAlias(key)
}
MERGE (a:Attribute {key: key})
ON CREATE SET a.name = CASE WHEN key CONTAINS '=' THEN split(key, '=')[0] END,
              a.value = CASE
                WHEN key CONTAINS '=' THEN substring(key, size(split(key, '=')[0]) + 1)
                ELSE key
              END
