// What a user is offered and why, in words and as paths: each path exists, is older than the list,
// and the score falls without the product it begins at.
//
// Params   $user_id  STRING
//          $language  STRING = 'en': of the sentences, en or zh
//          $k  INTEGER: how many products at most
// Returns  rank  INTEGER, product_id, title  STRING, price, score  FLOAT,
//          reasons  LIST<STRING>: up to three sentences, the weightiest first,
//          shares  LIST<FLOAT>: of what the score owes to the history, each one's part,
//          paths  LIST<PATH>: user → what they know → product, drawn in Neo4j Browser
// Browser  :params {user_id: '17850', language: 'en', k: 5}
// Repeat   safe: reads only
CYPHER 25
MATCH (live:ModelRun {live: true})
LET run_id = live.run_id
MATCH (u:User {user_id: $user_id})-[r:RECOMMENDED {run_id: run_id}]->(p:Product)
WHERE coalesce(p.in_stock, true) AND NOT coalesce(p.delisted, false)
WITH u, r, p ORDER BY r.rank LIMIT toInteger($k)
LET told = {
  en: {
    ITSELF: 'Something you {did}',
    CONTAINS: 'In one order with «{known}», which you {did}',
    BOUGHT_WITH: 'Often bought with «{known}», which you {did}',
    LEADS_TO: 'Often the next after «{known}», which you {did}',
    RELATED_TO: 'Goes with «{known}», which you {did}',
    SIMILAR_TO: 'Much like «{known}», which you {did}',
    HAS_ATTRIBUTE: '{via}, as is «{known}», which you {did}',
    MADE_BY: 'By {via}, as is «{known}», which you {did}',
    IN_CATEGORY: 'From {via}, as is «{known}», which you {did}',
    PURCHASED: 'bought', CARTED: 'put into the cart', RATED: 'rated', VIEWED: 'looked at',
    CLICKED: 'looked at', RETURNED: 'sent back'
  },
  zh: {
    ITSELF: '您{did}的商品',
    CONTAINS: '与您{did}的《{known}》出现在同一订单中',
    BOUGHT_WITH: '常与您{did}的《{known}》一起购买',
    LEADS_TO: '常在您{did}的《{known}》之后购买',
    RELATED_TO: '与您{did}的《{known}》搭配',
    SIMILAR_TO: '与您{did}的《{known}》很相似',
    HAS_ATTRIBUTE: '与您{did}的《{known}》同为{via}',
    MADE_BY: '与您{did}的《{known}》同属品牌{via}',
    IN_CATEGORY: '与您{did}的《{known}》同属{via}',
    PURCHASED: '购买过', CARTED: '加入购物车', RATED: '评价过', VIEWED: '浏览过',
    CLICKED: '浏览过', RETURNED: '退回过'
  }
}[CASE $language WHEN 'zh' THEN 'zh' ELSE 'en' END]
CALL (u, r, p, told) {
  UNWIND range(0, size(coalesce(r.reasons, [])) - 1) AS place
  LET parts = split(r.reasons[place], ' ')
  LET kind = parts[0], share = toFloat(parts[1]),
      id = substring(r.reasons[place], size(parts[0]) + size(parts[1]) + 2)
  MATCH (known:Product {product_id: id})
  CALL (u, p, known, kind) {
    MATCH path = (u)-[did:PURCHASED|CARTED|RATED|CLICKED|VIEWED|RETURNED]->(known)
                 -[link:BOUGHT_WITH|LEADS_TO|RELATED_TO|SIMILAR_TO]->(p)
    WHERE type(link) = kind
    RETURN path, did, null AS via
    UNION ALL
    MATCH path = (u)-[did:PURCHASED|CARTED|RATED|CLICKED|VIEWED|RETURNED]->(known)
    WHERE kind = 'ITSELF'
    RETURN path, did, null AS via
    UNION ALL
    MATCH path = (u)-[did:PURCHASED|CARTED|RATED|CLICKED|VIEWED|RETURNED]->(known)
                 -[link:CONTAINS|HAS_ATTRIBUTE|MADE_BY|IN_CATEGORY]-(via)
                 -[other:CONTAINS|HAS_ATTRIBUTE|MADE_BY|IN_CATEGORY]-(p)
    WHERE type(link) = kind AND type(other) = kind
    RETURN path, did, via
  }
  // Of many: the weightiest and newest deed, by the rarest link.
  WITH *, CASE type(did) WHEN 'PURCHASED' THEN 1 WHEN 'CARTED' THEN 2 WHEN 'RATED' THEN 3
            WHEN 'RETURNED' THEN 6 ELSE 4 END AS deed
  ORDER BY place, deed, coalesce(did.occurred_at.epochMillis, did.position, did.line) DESC,
           COUNT { (via)--() }, elementId(via)
  WITH told, place, kind, share, known, collect({path: path, did: did, via: via})[0] AS best
  LET sentence = replace(replace(replace(told[kind],
        '{known}', coalesce(known.title, known.product_id)), '{did}', told[type(best.did)]),
        '{via}', coalesce(best.via.key, best.via.name, best.via.path, ''))
  WITH place, share, sentence, best ORDER BY place
  RETURN collect(sentence) AS reasons, collect(share) AS shares, collect(best.path) AS paths
}
RETURN r.rank AS rank, p.product_id AS product_id, p.title AS title, p.price AS price,
       r.score AS score, reasons, shares, paths
ORDER BY rank;
