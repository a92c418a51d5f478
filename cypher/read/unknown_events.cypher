// Which of these identities no event of a type has.
//
// Params   $type  STRING: a type of event, or CONTAINS
//          $ids  LIST<STRING>
// Returns  places  LIST<INTEGER>: in $ids, from 0
// Repeat   safe: reads only
CYPHER 25
CALL () {
  WHEN $type = 'VIEWED' THEN {
    UNWIND range(0, size($ids) - 1) AS i
    OPTIONAL MATCH ()-[e:VIEWED {interaction_id: $ids[i]}]->()
    USING INDEX SEEK e:VIEWED(interaction_id)
    WITH i WHERE e IS NULL
    RETURN collect(i) AS places
  }
  WHEN $type = 'CLICKED' THEN {
    UNWIND range(0, size($ids) - 1) AS i
    OPTIONAL MATCH ()-[e:CLICKED {interaction_id: $ids[i]}]->()
    USING INDEX SEEK e:CLICKED(interaction_id)
    WITH i WHERE e IS NULL
    RETURN collect(i) AS places
  }
  WHEN $type = 'CARTED' THEN {
    UNWIND range(0, size($ids) - 1) AS i
    OPTIONAL MATCH ()-[e:CARTED {interaction_id: $ids[i]}]->()
    USING INDEX SEEK e:CARTED(interaction_id)
    WITH i WHERE e IS NULL
    RETURN collect(i) AS places
  }
  WHEN $type = 'PURCHASED' THEN {
    UNWIND range(0, size($ids) - 1) AS i
    OPTIONAL MATCH ()-[e:PURCHASED {interaction_id: $ids[i]}]->()
    USING INDEX SEEK e:PURCHASED(interaction_id)
    WITH i WHERE e IS NULL
    RETURN collect(i) AS places
  }
  WHEN $type = 'RETURNED' THEN {
    UNWIND range(0, size($ids) - 1) AS i
    OPTIONAL MATCH ()-[e:RETURNED {interaction_id: $ids[i]}]->()
    USING INDEX SEEK e:RETURNED(interaction_id)
    WITH i WHERE e IS NULL
    RETURN collect(i) AS places
  }
  WHEN $type = 'RATED' THEN {
    UNWIND range(0, size($ids) - 1) AS i
    OPTIONAL MATCH ()-[e:RATED {interaction_id: $ids[i]}]->()
    USING INDEX SEEK e:RATED(interaction_id)
    WITH i WHERE e IS NULL
    RETURN collect(i) AS places
  }
  WHEN $type = 'REVIEWED' THEN {
    UNWIND range(0, size($ids) - 1) AS i
    OPTIONAL MATCH ()-[e:REVIEWED {interaction_id: $ids[i]}]->()
    USING INDEX SEEK e:REVIEWED(interaction_id)
    WITH i WHERE e IS NULL
    RETURN collect(i) AS places
  }
  ELSE {
    UNWIND range(0, size($ids) - 1) AS i
    OPTIONAL MATCH ()-[e:CONTAINS {interaction_id: $ids[i]}]->()
    USING INDEX SEEK e:CONTAINS(interaction_id)
    WITH i WHERE e IS NULL
    RETURN collect(i) AS places
  }
}
RETURN places
