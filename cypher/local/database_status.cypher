// Whether the local server's database takes queries, and why not.
//
// Params   $name  STRING: the database
// Returns  status   STRING: online when it does
//          message  STRING: what keeps it from it, empty when nothing does
// Repeat   reads only; run on the system database
SHOW DATABASES YIELD name, currentStatus, statusMessage
WHERE name = $name
RETURN currentStatus AS status, statusMessage AS message
