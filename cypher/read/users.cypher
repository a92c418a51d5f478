// The keys of a page of users.
//
// Params   $from, $to  INTEGER: tensor rows, the second not included
// Returns  idx  LIST<INTEGER>, id  LIST<STRING>
// Repeat   safe: reads only
MATCH (u:User) WHERE u.idx >= $from AND u.idx < $to
RETURN collect(u.idx) AS idx, collect(u.user_id) AS id
