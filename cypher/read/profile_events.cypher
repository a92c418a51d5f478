// What a page of users bought and returned, packed.
//
// Params   $from, $to  INTEGER: tensor rows of the users, the second not included
//          $until_ms  INTEGER: only events before it; null takes all, those without a time too
//          $no_time  INTEGER: stands for an absent time
// Returns  user, product, time  LIST<INTEGER>; returned  LIST<BOOLEAN>; quantity  LIST<FLOAT>: 1
//          where there is none; price  LIST<FLOAT>: -1 where there is none; visit  LIST<STRING>:
//          order or session, empty where there is neither
// Repeat   safe: reads only
MATCH (u:User)-[e:PURCHASED|RETURNED]->(p:Product)
WHERE u.idx >= $from AND u.idx < $to AND p.idx IS NOT NULL
  AND ($until_ms IS NULL OR e.occurred_at.epochMillis < $until_ms)
RETURN collect(u.idx) AS user, collect(p.idx) AS product,
       collect(coalesce(e.occurred_at.epochMillis, $no_time)) AS time,
       collect(type(e) = 'RETURNED') AS returned,
       collect(coalesce(e.quantity, 1.0)) AS quantity, collect(coalesce(e.price, -1.0)) AS price,
       collect(coalesce('o' + e.order_id, 's' + e.session_id, '')) AS visit
