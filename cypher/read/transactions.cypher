// What the database is doing at this moment: one row a transaction, this one among them.
//
// Params   $database  STRING
// Returns  transaction_id  STRING: never given twice by a running server
// Repeat   safe: reads only; shows a user's own transactions where they may not see others'
SHOW TRANSACTIONS YIELD transactionId, database AS name
WHERE name = $database
RETURN transactionId AS transaction_id
