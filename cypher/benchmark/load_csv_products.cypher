// The peer's products, from a ready-made file of the server's import folder.
//
// Params   $file  STRING: its address
// Returns  nothing
// Repeat   safe: merged on product_id
LOAD CSV WITH HEADERS FROM $file AS row
CALL (row) {
  MERGE (:Product {product_id: row.product_id})
} IN TRANSACTIONS OF 20000 ROWS
