// Merge categories and the tree they hang in; parents come with their children.
//
// Params   $rows  LIST<MAP>: path, name (STRING), parent (STRING or null: the parent's path)
// Returns  nothing
// Repeat   safe: merged on path
UNWIND $rows AS row
MERGE (c:Category {path: row.path})
ON CREATE SET c.name = row.name
WITH c, row WHERE row.parent IS NOT NULL
MATCH (parent:Category {path: row.parent}) USING INDEX SEEK parent:Category(path)
MERGE (c)-[:SUBCATEGORY_OF]->(parent)
