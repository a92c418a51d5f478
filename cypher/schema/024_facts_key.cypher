// One node a statement about a product: merged on its facts_id.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT facts_key IF NOT EXISTS FOR (n:ProductFacts) REQUIRE n.facts_id IS UNIQUE
