// Everything that was ever stated about products: for loads, which need all of it.
//
// Params   $product_id  LIST<STRING>
// Returns  product_id  STRING; own  MAP: what the product itself says, its links by the names that
//          were stated and without what was derived; statements  LIST<MAP>:
//          the properties of its ProductFacts
// Repeat   safe: reads only
UNWIND $product_id AS id
MATCH (p:Product {product_id: id}) USING INDEX SEEK p:Product(product_id)
RETURN p.product_id AS product_id,
       p {.*, product_id: null, idx: null, in_stock: null, ingested_at: null, facts_id: null,
          adopted_key: null, text_vector: null, text_packed: null, text_hash: null, text_model: null, vector_a: null, vector_b: null,
          brand: COLLECT {
            MATCH (p)-[link:MADE_BY]->(b:Brand)
            RETURN coalesce(link.alias, b.name) AS name ORDER BY name }[0],
          category: COLLECT { MATCH (p)-[:IN_CATEGORY]->(c:Category) RETURN c.path ORDER BY c.path },
          attributes: COLLECT {
            MATCH (p)-[link:HAS_ATTRIBUTE]->(a:Attribute) WHERE link.source IS NULL
            RETURN coalesce(link.alias, a.key) AS key ORDER BY key }
       } AS own,
       COLLECT { MATCH (p)-[:STATED]->(f:ProductFacts)
                 RETURN f {.*, facts_id: null, ingested_at: null,
                           text_packed: null, text_hash: null, text_model: null} } AS statements
