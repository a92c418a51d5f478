// What constraints look at, of every product, to compare with exact answers.
//
// Params   none
// Returns  id  STRING, price  FLOAT, in_stock  BOOLEAN
// Repeat   safe: reads only
MATCH (p:Product)
RETURN p.product_id AS id, p.price AS price, p.in_stock AS in_stock
