// Take what left the shop out of all recommendations and out of the vector indexes; its facts and
// events stay. The next run that is published knows of it.
//
// Params   none
// Returns  nothing
// Repeat   safe
MATCH (p:Product)
WHERE p.delisted = true
  AND (p.vector_a IS NOT NULL OR p.vector_b IS NOT NULL OR EXISTS { (p)<-[:RECOMMENDED]-() })
REMOVE p.vector_a, p.vector_b
WITH p
MATCH (p)<-[r:RECOMMENDED]-()
DELETE r
