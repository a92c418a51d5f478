// What nobody has turned to is found without a scan.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE INDEX product_popularity IF NOT EXISTS FOR (n:Product) ON (n.popularity)
