// The events of one type of a page of users, a list a user.
//
// Params   $type  STRING: VIEWED, CLICKED, CARTED, PURCHASED, RETURNED, RATED or REVIEWED
//          $from, $to  INTEGER: tensor rows of the users, the second not included
//          $until_ms  INTEGER: only events before it; null takes all, those without a time too
//          $no_time  INTEGER: stands for an absent time
// Returns  user  LIST<INTEGER>; product, time_ms, place  LIST<LIST<INTEGER>>, one list a user; place:
//          position, else line in the file; placed  INTEGER: how many have a time or a position.
//          Of a user none of whose events has either, times and places are not sent: [].
// Repeat   safe: reads only
MATCH (u:User)-[e:$($type)]->(p:Product)
WHERE u.idx >= $from AND u.idx < $to AND p.idx IS NOT NULL
  AND ($until_ms IS NULL OR e.occurred_at.epochMillis < $until_ms)
WITH u.idx AS user, collect(p.idx) AS product, collect(e) AS events
WITH *, size([e IN events WHERE coalesce(e.occurred_at, e.position) IS NOT NULL]) AS placed
RETURN collect(user) AS user, collect(product) AS product,
       collect(CASE WHEN placed > 0
         THEN [e IN events | coalesce(e.occurred_at.epochMillis, $no_time)] ELSE [] END) AS time_ms,
       collect(CASE WHEN placed > 0
         THEN [e IN events | coalesce(e.position, e.line, 0)] ELSE [] END) AS place,
       sum(placed) AS placed
