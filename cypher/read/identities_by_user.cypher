// The identities of the events of one type of a page of users.
//
// Params   $type  STRING: the relationship type
//          $from, $to  INTEGER: tensor rows of users, the last one left out
// Returns  ids  LIST<STRING>
// Repeat   safe: reads only
CYPHER 25
MATCH (u:User) WHERE u.idx >= $from AND u.idx < $to
MATCH (u)-[e:$($type)]->(:Product)
RETURN collect(e.interaction_id) AS ids
