// How many tensor rows each label spans, holes left by deletes included.
//
// Params   none
// Returns  users, products, brands, categories, attributes  INTEGER
// Repeat   safe: reads only
RETURN COLLECT { MATCH (n:User) WITH coalesce(max(n.idx), -1) + 1 AS rows
                 OPTIONAL MATCH (s:ShopgraphSchema) WHERE s.rows_User > rows
                 RETURN coalesce(s.rows_User, rows) }[0] AS users,
       COLLECT { MATCH (n:Product) WITH coalesce(max(n.idx), -1) + 1 AS rows
                 OPTIONAL MATCH (s:ShopgraphSchema) WHERE s.rows_Product > rows
                 RETURN coalesce(s.rows_Product, rows) }[0] AS products,
       COLLECT { MATCH (n:Brand) RETURN coalesce(max(n.idx), -1) + 1 }[0] AS brands,
       COLLECT { MATCH (n:Category) RETURN coalesce(max(n.idx), -1) + 1 }[0] AS categories,
       COLLECT { MATCH (n:Attribute) RETURN coalesce(max(n.idx), -1) + 1 }[0] AS attributes
