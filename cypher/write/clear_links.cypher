// Delete the edges of the sparse term from and to products of a slot, a page of them a transaction.
//
// Params   $type   STRING: COUNTS_FOR_A or COUNTS_FOR_B
//          $first  INTEGER: of tensor rows from this one on
// Returns  deleted  INTEGER
// Repeat   safe
MATCH (p:Product) WHERE p.idx >= $first
CALL (p) {
  MATCH (p)-[c:$($type)]-()
  DELETE c
  RETURN count(c) AS deleted
} IN TRANSACTIONS OF 200 ROWS
RETURN sum(deleted) AS deleted
