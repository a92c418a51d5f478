// Tell returns which purchase each gives back, or that none can be told.
//
// Params   $interaction_id  LIST<STRING>: of returns; $returns  LIST<STRING>: of the purchase of
//          each, null where none can be told
// Returns  linked  INTEGER: how many returns are linked now
// Repeat   safe: overwrites returns.returns
UNWIND range(0, size($interaction_id) - 1) AS i
MATCH ()-[back:RETURNED {interaction_id: $interaction_id[i]}]->()
USING INDEX SEEK back:RETURNED(interaction_id)
SET back.returns = $returns[i]
RETURN count(back.returns) AS linked
