// The keys of a page of users, as of a time: a user is known from the first event on, or always
// where there is none.
//
// Params   $from, $to  INTEGER: tensor rows, the second not included
//          $until  ZONED DATETIME: who was known before it; null takes all
// Returns  idx  LIST<INTEGER>, id  LIST<STRING>
// Repeat   safe: reads only
MATCH (u:User) WHERE u.idx >= $from AND u.idx < $to
  AND ($until IS NULL
    OR EXISTS {
      (u)-[e:VIEWED|CLICKED|CARTED|PURCHASED|RETURNED|RATED|REVIEWED|SEARCHED|FOLLOWS]-()
      WHERE coalesce(e.occurred_at < $until, true)
    }
    OR NOT EXISTS {
      (u)-[:VIEWED|CLICKED|CARTED|PURCHASED|RETURNED|RATED|REVIEWED|SEARCHED|FOLLOWS]-()
    })
RETURN collect(u.idx) AS idx, collect(u.user_id) AS id
