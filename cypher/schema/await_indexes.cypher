// Wait until every index answers.
//
// Params   $seconds  INTEGER
// Returns  nothing
// Repeat   safe
CALL db.awaitIndexes($seconds)
