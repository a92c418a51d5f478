// What sells lately is read from the top.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE INDEX product_trend IF NOT EXISTS FOR (n:Product) ON (n.trend)
