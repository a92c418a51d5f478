// Tensor rows are looked up by page.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE INDEX category_row IF NOT EXISTS FOR (n:Category) ON (n.idx)
