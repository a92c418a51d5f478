// Take back what one way has written, before the next turn.
//
// Params   none
// Returns  nothing
// Repeat   safe
MATCH (:User)-[e:CARTED]->(:Product)
CALL (e) {
  DELETE e
} IN TRANSACTIONS OF 20000 ROWS
