// How many products were given each name of a brand.
//
// Params   none
// Returns  name  STRING, products  INTEGER
// Repeat   safe: reads only
MATCH (:Product)-[link:MADE_BY]->(n:Brand)
RETURN coalesce(link.alias, n.name) AS name, count(*) AS products
