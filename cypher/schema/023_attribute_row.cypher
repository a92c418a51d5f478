// Tensor rows are looked up by page.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE INDEX attribute_row IF NOT EXISTS FOR (n:Attribute) ON (n.idx)
