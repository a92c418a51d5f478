// Slots get their nodes in a graph whose runs were published before there were any.
//
// Params   none
// Returns  nothing
// Repeat   safe: a slot that has a node keeps it as it is
MATCH (run:ModelRun) WHERE run.slot IS NOT NULL
MERGE (served:VectorSlot {slot: run.slot})
ON CREATE SET served = properties(run)
