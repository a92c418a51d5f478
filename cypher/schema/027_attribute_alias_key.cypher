// Loads look up whether a name is an alias.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT attribute_alias_key IF NOT EXISTS FOR (n:AttributeAlias) REQUIRE n.key IS UNIQUE
