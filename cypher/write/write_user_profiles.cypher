// Overwrite the profiles of a batch of users, in one transaction; null takes a property away.
//
// Params   one entry a user:
//          $idx  LIST<INTEGER>: tensor rows
//          $properties  LIST<MAP>: every property of a profile
//          $brand, $category  LIST<LIST<INTEGER>>: tensor rows of favourites, the dearest first
//          $brand_visits, $category_visits  LIST<LIST<INTEGER>>: visits that bought them
//          $brand_share, $category_share  LIST<LIST<FLOAT>>: the same as a share of all visits
// Returns  nothing
// Repeat   safe
UNWIND range(0, size($idx) - 1) AS i
MATCH (u:User {idx: $idx[i]}) USING INDEX SEEK u:User(idx)
SET u += $properties[i]
WITH u, i
CALL (u) {
  MATCH (u)-[old:FAVOURS]->()
  DELETE old
}
CALL (u, i) {
  UNWIND range(0, size($brand[i]) - 1) AS place
  MATCH (b:Brand {idx: $brand[i][place]}) USING INDEX SEEK b:Brand(idx)
  CREATE (u)-[:FAVOURS {
    rank: place + 1, visits: $brand_visits[i][place], share: $brand_share[i][place]
  }]->(b)
}
CALL (u, i) {
  UNWIND range(0, size($category[i]) - 1) AS place
  MATCH (c:Category {idx: $category[i][place]}) USING INDEX SEEK c:Category(idx)
  CREATE (u)-[:FAVOURS {
    rank: place + 1, visits: $category_visits[i][place], share: $category_share[i][place]
  }]->(c)
}
