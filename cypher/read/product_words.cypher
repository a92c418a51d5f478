// What a page of products says of itself in words, as of a time: title and description;
// products without either are left out.
//
// Params   $from, $to  INTEGER: tensor rows, the second not included
//          $until  ZONED DATETIME: the words of before it; null takes those of now
// Returns  idx  LIST<INTEGER>; text  LIST<STRING>: one below the other
// Repeat   safe: reads only
MATCH (p:Product) WHERE p.idx >= $from AND p.idx < $to
  AND coalesce(p.created_at < $until, true)
WITH p, COLLECT {
  MATCH (p)-[:STATED]->(f:ProductFacts)
  WHERE coalesce(f.title, f.description) IS NOT NULL
  RETURN f ORDER BY f.valid_from IS NULL, f.valid_from DESC
} AS stated
WITH p, [f IN stated WHERE f.title IS NOT NULL] AS titles,
     [f IN stated WHERE f.description IS NOT NULL] AS descriptions
WITH p.idx AS idx,
     CASE WHEN any(f IN titles WHERE f.valid_from >= $until)
          THEN [f IN titles WHERE coalesce(f.valid_from < $until, true)][0].title
          ELSE p.title END AS title,
     CASE WHEN any(f IN descriptions WHERE f.valid_from >= $until)
          THEN [f IN descriptions WHERE coalesce(f.valid_from < $until, true)][0].description
          ELSE p.description END AS description
WHERE coalesce(title, description) IS NOT NULL
RETURN collect(idx) AS idx,
       collect(coalesce(title, '') + '\n' + coalesce(description, '')) AS text
