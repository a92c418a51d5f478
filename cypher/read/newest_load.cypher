// When the newest event between users and products came in.
//
// Params   none
// Returns  newest_ms  INTEGER: milliseconds since 1970 UTC, 0 where no event says
// Repeat   safe: reads only
MATCH (:User)-[e:VIEWED|CLICKED|CARTED|PURCHASED|RETURNED|RATED]->(:Product)
RETURN coalesce(max(e.ingested_at).epochMillis, 0) AS newest_ms
