// Which users of a page share a value of a profile column.
//
// Params   $from, $to  INTEGER: tensor rows, the second not included
// Returns  key  STRING: column=value, users  LIST<INTEGER>: tensor rows
// Repeat   safe: reads only
CYPHER 25
MATCH (u:User) WHERE u.idx >= $from AND u.idx < $to
UNWIND keys(u) AS column
WITH u, column
WHERE NOT column STARTS WITH 'profile_'
  AND NOT column IN ['user_id', 'idx', 'ingested_at', 'adopted_key', 'vector_a', 'vector_b']
  AND (u[column] IS :: STRING OR u[column] IS :: BOOLEAN)
RETURN column + '=' + toString(u[column]) AS key, collect(u.idx) AS users
