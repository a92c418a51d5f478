// The identities of the order lines, or of other events, that lead to a page of products.
//
// Params   $type  STRING: the relationship type
//          $from, $to  INTEGER: tensor rows of products, the last one left out
// Returns  ids  LIST<STRING>
// Repeat   safe: reads only
CYPHER 25
MATCH (p:Product) WHERE p.idx >= $from AND p.idx < $to
MATCH (p)<-[e:$($type)]-()
RETURN collect(e.interaction_id) AS ids
