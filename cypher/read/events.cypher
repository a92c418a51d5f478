// The events of one type of a page of users, packed.
//
// Params   $type  STRING: VIEWED, CLICKED, CARTED, PURCHASED, RETURNED, RATED or REVIEWED
//          $from, $to  INTEGER: tensor rows of the users, the second not included
//          $until_ms  INTEGER: only events before it; null takes all, those without a time too
//          $no_time  INTEGER: stands for an absent time
// Returns  user, product, time_ms, place  LIST<INTEGER>; place: position, else line in the file;
//          placed  INTEGER: how many have a time or a position
// Repeat   safe: reads only
MATCH (u:User)-[e:$($type)]->(p:Product)
WHERE u.idx >= $from AND u.idx < $to AND p.idx IS NOT NULL
  AND ($until_ms IS NULL OR e.occurred_at.epochMillis < $until_ms)
RETURN collect(u.idx) AS user, collect(p.idx) AS product,
       collect(coalesce(e.occurred_at.epochMillis, $no_time)) AS time_ms,
       collect(coalesce(e.position, e.line, 0)) AS place,
       count(coalesce(e.occurred_at.epochMillis, e.position)) AS placed
