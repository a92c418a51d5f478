// The events of one type of the given users, packed, with the time of the load they came in by.
//
// Params   $type  STRING: VIEWED, CLICKED, CARTED, PURCHASED, RETURNED, RATED or REVIEWED
//          $users  LIST<INTEGER>: tensor rows
//          $no_time  INTEGER: stands for an absent time
// Returns  user, product, time_ms, place, placed, ingested_ms  LIST<INTEGER>
//          place: position, else line in the file; placed: 1 where there is a time or a position
// Repeat   safe: reads only
UNWIND $users AS idx
// Told how: right after a load the server may still think that the index holds nobody, and scan all
// users for each.
MATCH (u:User {idx: idx}) USING INDEX SEEK u:User(idx)
MATCH (u)-[e:$($type)]->(p:Product)
WHERE p.idx IS NOT NULL
RETURN collect(idx) AS user, collect(p.idx) AS product,
       collect(coalesce(e.occurred_at.epochMillis, $no_time)) AS time_ms,
       collect(coalesce(e.position, e.line, 0)) AS place,
       collect(CASE WHEN coalesce(e.occurred_at, e.position) IS NULL THEN 0 ELSE 1 END) AS placed,
       collect(coalesce(e.ingested_at.epochMillis, 0)) AS ingested_ms
