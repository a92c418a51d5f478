// Write the edges of the sparse term from one batch of products, in a run's slot.
//
// Params   $type     STRING: COUNTS_FOR_A or COUNTS_FOR_B
//          $source   LIST<INTEGER>: tensor rows
//          $target   LIST<LIST<INTEGER>>: tensor rows
//          $weights  LIST<LIST<LIST<FLOAT>>>: of each edge one a matrix of the run's term
// Returns  written  INTEGER
// Repeat   no: clear the slot's edges first (write/clear_links)
UNWIND range(0, size($source) - 1) AS i
MATCH (p:Product {idx: $source[i]}) USING INDEX SEEK p:Product(idx)
UNWIND range(0, size($target[i]) - 1) AS place
MATCH (q:Product {idx: $target[i][place]}) USING INDEX SEEK q:Product(idx)
CREATE (p)-[:$($type) {weights: $weights[i][place]}]->(q)
RETURN count(*) AS written
