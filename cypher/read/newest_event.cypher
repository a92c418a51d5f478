// The time of the newest event between users and products, from the indexes of times where there
// are any.
//
// Params   none
// Returns  newest_ms  INTEGER: milliseconds since 1970 UTC, null where no event has a time
// Repeat   safe: reads only
CALL () {
  MATCH ()-[e:VIEWED]->() WHERE e.occurred_at IS NOT NULL
  RETURN e.occurred_at AS at ORDER BY at DESC LIMIT 1
  UNION
  MATCH ()-[e:CLICKED]->() WHERE e.occurred_at IS NOT NULL
  RETURN e.occurred_at AS at ORDER BY at DESC LIMIT 1
  UNION
  MATCH ()-[e:CARTED]->() WHERE e.occurred_at IS NOT NULL
  RETURN e.occurred_at AS at ORDER BY at DESC LIMIT 1
  UNION
  MATCH ()-[e:PURCHASED]->() WHERE e.occurred_at IS NOT NULL
  RETURN e.occurred_at AS at ORDER BY at DESC LIMIT 1
  UNION
  MATCH ()-[e:RETURNED|RATED]->()
  RETURN max(e.occurred_at) AS at
}
RETURN max(at.epochMillis) AS newest_ms
