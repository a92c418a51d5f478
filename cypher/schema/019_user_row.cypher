// Tensor rows are looked up by page.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE INDEX user_row IF NOT EXISTS FOR (n:User) ON (n.idx)
