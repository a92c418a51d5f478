// Replace the derived relations of one type from a batch of products, in one transaction: a reader
// sees a product's former ones or the new ones.
//
// Params   $type  STRING: BOUGHT_WITH, LEADS_TO or SIMILAR_TO
//          one entry a product:
//          $source  LIST<INTEGER>: tensor rows
//          $target  LIST<LIST<INTEGER>>: tensor rows, the strongest first
//          $weight  LIST<LIST<FLOAT>>, $support  LIST<LIST<INTEGER>>
//          $computed_at  ZONED DATETIME
//          $until  ZONED DATETIME: only what happened before it was counted, or null
// Returns  written  INTEGER
// Repeat   safe
UNWIND range(0, size($source) - 1) AS i
MATCH (p:Product {idx: $source[i]}) USING INDEX SEEK p:Product(idx)
CALL (p) {
  MATCH (p)-[old:$($type)]->(:Product)
  DELETE old
}
UNWIND range(0, size($target[i]) - 1) AS place
MATCH (q:Product {idx: $target[i][place]}) USING INDEX SEEK q:Product(idx)
CREATE (p)-[r:$($type) {
  weight: $weight[i][place],
  support: $support[i][place],
  computed_at: $computed_at,
  until: $until
}]->(q)
RETURN count(r) AS written
