// Note how far tensor rows go, before a node is deleted: a row once given is never given again.
//
// Params   none
// Returns  nothing
// Repeat   safe
MERGE (s:ShopgraphSchema)
WITH s, COLLECT { MATCH (n:User) RETURN max(n.idx) + 1 }[0] AS users,
     COLLECT { MATCH (n:Product) RETURN max(n.idx) + 1 }[0] AS products
SET s.rows_User = CASE WHEN users > coalesce(s.rows_User, 0) THEN users ELSE s.rows_User END,
    s.rows_Product = CASE
      WHEN products > coalesce(s.rows_Product, 0) THEN products ELSE s.rows_Product END
