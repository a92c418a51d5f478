// How many events of each type there are, and how many tensor rows of users and products.
//
// Params   none
// Returns  events  MAP: relationship type to INTEGER; users, products  INTEGER
// Repeat   safe: reads only
RETURN {
         VIEWED: COUNT { ()-[:VIEWED]->() },
         CLICKED: COUNT { ()-[:CLICKED]->() },
         CARTED: COUNT { ()-[:CARTED]->() },
         PURCHASED: COUNT { ()-[:PURCHASED]->() },
         RETURNED: COUNT { ()-[:RETURNED]->() },
         RATED: COUNT { ()-[:RATED]->() },
         REVIEWED: COUNT { ()-[:REVIEWED]->() },
         CONTAINS: COUNT { ()-[:CONTAINS]->() }
       } AS events,
       COLLECT { MATCH (n:User) RETURN coalesce(max(n.idx), -1) + 1 }[0] AS users,
       COLLECT { MATCH (n:Product) RETURN coalesce(max(n.idx), -1) + 1 }[0] AS products
