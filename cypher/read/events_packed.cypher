// The events of one type of a page of users, packed, without what is absent: a list that is as long
// as the users' holds a value for each event, an empty one for none, any other is of no use.
//
// Params   $type  STRING: VIEWED, CLICKED, CARTED, PURCHASED, RETURNED, RATED or REVIEWED
//          $from, $to  INTEGER: tensor rows of the users, the second not included
//          $until_ms  INTEGER: only events before it; null takes all, those without a time too
// Returns  user, product, time_ms, place  LIST<INTEGER>; place: position, else line in the file;
//          positions  INTEGER: how many have a position
// Repeat   safe: reads only
MATCH (u:User)-[e:$($type)]->(p:Product)
WHERE u.idx >= $from AND u.idx < $to AND p.idx IS NOT NULL
  AND ($until_ms IS NULL OR e.occurred_at.epochMillis < $until_ms)
RETURN collect(u.idx) AS user, collect(p.idx) AS product,
       collect(e.occurred_at.epochMillis) AS time_ms,
       collect(coalesce(e.position, e.line)) AS place, count(e.position) AS positions
