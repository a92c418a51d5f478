// How many products were given each key of an attribute; what was mined from texts does not count.
//
// Params   none
// Returns  name  STRING, products  INTEGER
// Repeat   safe: reads only
MATCH (:Product)-[link:HAS_ATTRIBUTE]->(n:Attribute) WHERE link.source IS NULL
RETURN coalesce(link.alias, n.key) AS name, count(*) AS products
