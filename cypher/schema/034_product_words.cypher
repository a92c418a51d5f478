// Products are found by the words of their texts, in Chinese by pairs of signs.
//
// Params   none
// Returns  nothing
// Repeat   safe
CREATE FULLTEXT INDEX product_words IF NOT EXISTS FOR (n:Product) ON EACH [n.title, n.description]
OPTIONS {indexConfig: {`fulltext.analyzer`: 'cjk'}}
