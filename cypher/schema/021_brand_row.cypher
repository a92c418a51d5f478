// Tensor rows are looked up by page.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE INDEX brand_row IF NOT EXISTS FOR (n:Brand) ON (n.idx)
