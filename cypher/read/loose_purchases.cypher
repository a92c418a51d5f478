// Purchases outside any order, of a page of users, packed.
//
// Params   $from, $to  INTEGER: tensor rows of the users, the second not included
//          $until_ms  INTEGER: only events before it; null takes all, those without a time too
//          $no_time  INTEGER: stands for an absent time
// Returns  user, product, time, place  LIST<INTEGER>; place: position, else line in the file;
//          session  LIST<STRING>, empty where there is none
// Repeat   safe: reads only
MATCH (u:User)-[e:PURCHASED]->(p:Product)
WHERE u.idx >= $from AND u.idx < $to AND p.idx IS NOT NULL AND e.order_id IS NULL
  AND ($until_ms IS NULL OR e.occurred_at.epochMillis < $until_ms)
RETURN collect(u.idx) AS user, collect(p.idx) AS product,
       collect(coalesce(e.occurred_at.epochMillis, $no_time)) AS time,
       collect(coalesce(e.position, e.line, 0)) AS place,
       collect(coalesce(e.session_id, '')) AS session
