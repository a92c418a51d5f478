// How many events of one type each of a page of users has, and when the newest came in: whoever's
// marks are unchanged has the same events.
//
// Params   $type  STRING: VIEWED, CLICKED, CARTED, PURCHASED, RETURNED, RATED or REVIEWED
//          $from, $to  INTEGER: tensor rows of the users, the second not included
// Returns  user, events, newest_ms  LIST<INTEGER>: tensor row, count, milliseconds since 1970 UTC
// Repeat   safe: reads only
MATCH (u:User)-[e:$($type)]->(p:Product)
WHERE u.idx >= $from AND u.idx < $to AND p.idx IS NOT NULL
WITH u.idx AS user, count(e) AS events, max(e.ingested_at) AS newest
RETURN collect(user) AS user, collect(events) AS events,
       collect(coalesce(newest.epochMillis, 0)) AS newest_ms
