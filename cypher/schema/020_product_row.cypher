// Tensor rows are looked up by page.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE INDEX product_row IF NOT EXISTS FOR (n:Product) ON (n.idx)
