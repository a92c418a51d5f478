// The time of the newest event between users and products.
//
// Params   none
// Returns  newest_ms  INTEGER: milliseconds since 1970 UTC, null where no event has a time
// Repeat   safe: reads only
MATCH (:User)-[e:VIEWED|CLICKED|CARTED|PURCHASED|RETURNED|RATED]->(:Product)
RETURN max(e.occurred_at.epochMillis) AS newest_ms
