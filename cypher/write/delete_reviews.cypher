// Delete reviews.
//
// Params   $ids  LIST<STRING>: interaction_id
// Returns  deleted  INTEGER: how many of them there were
// Repeat   safe
UNWIND $ids AS id
MATCH ()-[e:REVIEWED {interaction_id: id}]->() USING INDEX SEEK e:REVIEWED(interaction_id)
DELETE e
RETURN count(*) AS deleted
