// Of each slot of vectors there is one node.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE CONSTRAINT slot_key IF NOT EXISTS FOR (n:VectorSlot) REQUIRE n.slot IS UNIQUE
