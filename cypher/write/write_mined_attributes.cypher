// Take mined attributes from products and give them others; what was given stays.
//
// Params   one entry a product:
//          $idx  LIST<INTEGER>: tensor rows
//          $gone  LIST<LIST<STRING>>: keys of mined attributes to take away
//          $key, $rule  LIST<LIST<STRING>>: mined attributes to add, and the rules that read them
// Returns  nothing
// Repeat   safe: what is there already is not added again
UNWIND range(0, size($idx) - 1) AS i
MATCH (p:Product {idx: $idx[i]}) USING INDEX SEEK p:Product(idx)
CALL (p, i) {
  MATCH (p)-[link:HAS_ATTRIBUTE {source: 'mined'}]->(a:Attribute) WHERE a.key IN $gone[i]
  DELETE link
}
CALL (p, i) {
  UNWIND range(0, size($key[i]) - 1) AS j
  WITH p, $key[i][j] AS key, $rule[i][j] AS rule
  MERGE (a:Attribute {key: key})
  ON CREATE SET a.name = split(key, '=')[0],
                a.value = substring(key, size(split(key, '=')[0]) + 1)
  MERGE (p)-[link:HAS_ATTRIBUTE {source: 'mined'}]->(a)
  SET link.rule = rule
}
