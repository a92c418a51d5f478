// Loads look up whether a name is an alias.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT brand_alias_key IF NOT EXISTS FOR (n:BrandAlias) REQUIRE n.name IS UNIQUE
