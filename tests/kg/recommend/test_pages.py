from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from math import log, sqrt
from typing import Any

import numpy as np
import pytest

from kg.errors import UnknownQuery
from kg.queries import list_queries

from .conftest import CUTOFF, EVENTS, GIVEN, IDS, PRODUCTS, Ask, Shop, add_event, nearness

ON_SALE = [name for name in IDS if name not in ("sold", "gone")]


def told(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(row["product_id"], row["source"]) for row in rows]


def ranked(shop: Shop, asked: Any, among: list[str]) -> list[str]:
    """Products by nearness to a vector, the nearest first."""
    scores = dict(zip(IDS, nearness(shop.products, asked), strict=True))
    return sorted(among, key=lambda name: (-scores[name], name))


def test_a_list_is_filled_up_with_what_sells_and_the_user_has_not_bought(shop: Shop) -> None:
    assert told(shop.answer("for_user", user_id="ann")) == [
        ("p05", "stored"),
        ("p06", "stored"),
        ("p01", "stored"),
        ("p02", "popular"),
        ("p04", "popular"),
        ("p07", "popular"),
    ]
    assert told(shop.answer("for_user", user_id="bob")) == [
        ("p00", "stored"),
        ("p03", "stored"),
        ("p07", "popular"),
    ]
    assert [row["rank"] for row in shop.answer("for_user", user_id="ann")] == [1, 2, 3, 4, 5, 6]


def test_home_is_the_list_until_something_happens_then_what_is_nearest(
    shop: Shop, ask: Ask
) -> None:
    stored = shop.answer("home", user_id="ann", k="3")
    assert told(stored) == [("p05", "stored"), ("p06", "stored"), ("p01", "stored")]
    add_event(ask, "ann", "cart", "p10", -2.0, came=CUTOFF + timedelta(days=2))
    now = shop.vector(
        [
            ("cart", "p10", -2.0),
            ("cart", "p04", 1.0),
            ("view", "p01", 1.5),
            ("purchase", "p00", 8.0),
            ("view", "p00", 9.0),
        ],
        now_days=-2.0,
    )
    rows = shop.answer("home", user_id="ann", k="5")
    others = [name for name in ON_SALE if name != "p00"]
    assert [row["product_id"] for row in rows] == ranked(shop, now, others)[:5]
    assert {row["source"] for row in rows} == {"nearest"}
    expected = np.sort((shop.products @ now)[[IDS.index(name) for name in others]])[::-1]
    assert [row["score"] for row in rows] == pytest.approx(expected[:5], abs=1e-5)


def test_a_known_vector_is_what_the_events_before_the_cutoff_give(shop: Shop, ask: Ask) -> None:
    # Recomputed although nothing new happened: the two must be the same.
    before = shop.answer("advert", user_id="bob", product_ids=",".join(ON_SALE))
    ask("MATCH (run:VectorSlot) SET run.bookmark_ms = 0")
    after = shop.answer("advert", user_id="bob", product_ids=",".join(ON_SALE))
    assert [row["product_id"] for row in after] == [row["product_id"] for row in before]
    for one, other in zip(before, after, strict=True):
        assert one["score"] == pytest.approx(other["score"], abs=1e-5)
    bob = shop.users[1]
    assert [row["product_id"] for row in before] == ranked(shop, bob, ON_SALE)


def test_somebody_new_gets_what_their_like_prefer_then_what_sells(shop: Shop) -> None:
    rows = shop.answer("new_user", **{"profile.city": "Rome", "profile.age": "30"})
    assert told(rows) == [
        ("p05", "audience"),
        ("p00", "audience"),
        ("p02", "popular"),
        ("p04", "popular"),
        ("p07", "popular"),
    ]
    # p05: (0.5 + 0.25) / 2 columns, p00: 0.25 / 2.
    assert [row["score"] for row in rows[:2]] == pytest.approx([0.375, 0.125])
    nothing = [("p02", "popular"), ("p04", "popular"), ("p07", "popular")]
    assert told(shop.answer("new_user")) == nothing
    assert told(shop.answer("new_user", **{"profile.city": "Oslo"})) == nothing


def test_similar_by_text_knows_products_without_a_run(shop: Shop, ask: Ask) -> None:
    ask("MATCH (p:Product {product_id: 'p03'}) REMOVE p.vector_a")
    rows = shop.answer("similar_by_text", product_id="p00")
    scores = dict(zip(IDS, nearness(shop.texts, shop.texts[0]), strict=True))
    among = [name for name in ON_SALE if name not in ("p00", "p12")]
    assert [row["product_id"] for row in rows] == sorted(among, key=lambda name: -scores[name])
    assert [row["score"] for row in rows] == pytest.approx(
        sorted((scores[name] for name in among), reverse=True), abs=1e-5
    )
    assert shop.answer("similar_by_text", product_id="p12") == []


def test_similar_by_graph_counts_rare_links_most(shop: Shop, ask: Ask) -> None:
    ask(
        "MATCH (a:Product {product_id: 'p09'}), (b:Product {product_id: 'p11'}) "
        "CREATE (b)-[:RELATED_TO {relation: 'spare'}]->(a)"
    )
    rows = shop.answer("similar_by_graph", product_id="p09")
    # Five products are in B, two are of brand three; gone left the shop.
    brand, category = 1 / log(1 + 2), 1 / log(1 + 5)
    assert told(rows) == [
        ("p11", "related"),
        ("p10", "shared"),
        ("p07", "shared"),
        ("p08", "shared"),
    ]
    assert [row["score"] for row in rows[1:]] == pytest.approx(
        [brand + category, category, category]
    )


def test_similar_by_graph_asks_no_further_links_than_a_thousand_products_have(
    shop: Shop, ask: Ask
) -> None:
    ask(
        "MATCH (seed:Product {product_id: 'p09'}) "
        "MERGE (wide:Attribute {key: 'wide'}) MERGE (widest:Attribute {key: 'widest'}) "
        "CREATE (seed)-[:HAS_ATTRIBUTE]->(wide), (seed)-[:HAS_ATTRIBUTE]->(widest), "
        "(:Product {product_id: 'z'})-[:HAS_ATTRIBUTE]->(widest) "
        "WITH wide, widest UNWIND range(1, 1000) AS i CREATE (p:Product {product_id: 'w' + i}) "
        "CREATE (p)-[:HAS_ATTRIBUTE]->(wide), (p)-[:HAS_ATTRIBUTE]->(widest)"
    )
    wide, widest = 1 / log(1 + 1001), 1 / log(1 + 1002)
    few = shop.answer("similar_by_graph", product_id="p09")
    assert few[3]["product_id"] == "w1"
    assert few[3]["score"] == pytest.approx(wide)
    constrained = shop.answer("similar_by_graph", product_id="p09", in_stock="true")
    assert constrained[3]["score"] == pytest.approx(wide + widest)


def test_bought_together_counts_shared_orders(shop: Shop) -> None:
    rows = shop.answer("bought_together", product_ids="p02")
    # Lines: p02 4, p04 2, p07 1, p01 1, p09 1.
    assert [row["product_id"] for row in rows] == ["p04", "p01", "p07", "p09"]
    assert [row["score"] for row in rows] == pytest.approx(
        [2 / sqrt(9 * 7)] + [1 / sqrt(9 * 6)] * 3
    )


def test_a_cart_counts_quantity_some(shop: Shop) -> None:
    rows = shop.answer("cart", product_ids="p02,p04,p04", k="2")
    # p07: 0.25 of p02 and (1 + ln 2) · 0.5 of p04; then what p04 leads to.
    assert told(rows) == [("p07", "bought with"), ("p10", "next")]
    weight = 1 + log(2)
    assert [row["score"] for row in rows] == pytest.approx([0.25 + weight * 0.5, weight * 0.75])
    rest = shop.answer("cart", product_ids="p02,p04,p04")[2:]
    assert {row["source"] for row in rest} == {"nearest"}
    middle = (shop.products[2] + shop.products[4]) / 2
    asked = np.concatenate([middle[:-2], [0, 0]])
    among = [name for name in ON_SALE if name not in ("p02", "p04", "p07", "p10")]
    assert [row["product_id"] for row in rest] == ranked(shop, asked, among)
    assert shop.answer("cart", product_ids="") == []
    assert shop.answer("cart", product_ids="unknown") == []


def test_cross_category_never_offers_what_lies_in_or_below_a_known_category(shop: Shop) -> None:
    # Ann knows A > X and A > Y, and so A > X > Z.
    rows = shop.answer("cross_category", user_id="ann")
    expected = ranked(shop, shop.users[0], ["p07", "p08", "p09", "p10", "p11", "p12"])
    assert [row["product_id"] for row in rows] == expected
    assert {row["source"] for row in rows} == {"nearest"}


def test_cross_sell_is_something_else(shop: Shop, ask: Ask) -> None:
    assert told(shop.answer("cross_sell", product_id="p02")) == [
        ("p04", "bought with"),
        ("p07", "bought with"),
    ]
    assert told(shop.answer("cross_sell", product_id="p04")) == [
        ("p07", "bought with"),
        ("p10", "next"),
    ]
    # Nothing was derived of p09: its orders tell.
    assert told(shop.answer("cross_sell", product_id="p09")) == [("p02", "orders")]


def test_up_sell_costs_up_to_twice_as_much(shop: Shop) -> None:
    # In A > X, from 11 to 20: p01; p02 costs too much, sold is out of stock.
    rows = shop.answer("up_sell", product_id="p00")
    assert [row["product_id"] for row in rows] == ["p01"]
    expected = nearness(shop.texts[[1]], shop.texts[0])[0]
    assert rows[0]["score"] == pytest.approx(expected, abs=1e-5)
    assert shop.answer("up_sell", product_id="p09") == []


def test_trending_adds_what_happened_since(shop: Shop, ask: Ask) -> None:
    rows = shop.answer("trending")
    assert [(row["product_id"], row["score"]) for row in rows] == [
        ("p02", 4.0),
        ("p04", 3.0),
        ("p07", 2.0),
    ]
    # Six days after the cutoff are seven after the trend was counted: twice the weight.
    add_event(ask, "cy", "purchase", "p07", -6.0)
    add_event(ask, "ann", "view", "p09", -6.0)
    rows = shop.answer("trending")
    assert [row["product_id"] for row in rows] == ["p02", "p07", "p04", "p09"]
    assert [row["score"] for row in rows] == pytest.approx([4.0, 2.0 + 2.0, 3.0, 0.6])
    assert shop.ids("trending", categories="B") == ["p07", "p09"]
    assert shop.ids("trending", categories="A > Y") == ["p04"]


def test_categories_and_tags_follow_the_list(shop: Shop, ask: Ask) -> None:
    ask(
        "MATCH (a:Product {product_id: 'p05'}), (b:Product {product_id: 'p06'}), "
        "(c:Product {product_id: 'p01'}) "
        "CREATE (t:Attribute {key: 'colour=red', name: 'colour', value: 'red'}), "
        "(w:Attribute {key: 'wool'}), "
        "(a)-[:HAS_ATTRIBUTE]->(t), (b)-[:HAS_ATTRIBUTE]->(t), (c)-[:HAS_ATTRIBUTE]->(w)"
    )
    rows = shop.answer("category_suggestions", user_id="ann")
    # p05 and p06, first and second, lie in A > Y; sold and p01, third and fourth, in A > X.
    gain = [1.0, log(2) / log(3), 0.5, log(2) / log(5)]
    assert [(row["path"], row["known"]) for row in rows] == [("A > Y", True), ("A > X", True)]
    assert [row["score"] for row in rows] == pytest.approx([gain[0] + gain[1], gain[3]])
    rows = shop.answer("category_suggestions", user_id="ann", in_stock="false")
    assert [row["score"] for row in rows] == pytest.approx([gain[0] + gain[1], gain[2] + gain[3]])
    # p05 and p01 are of brand two, p05 alone costs more than 20; p01 is known.
    for constraints, expected in (
        ({"brands": "two"}, {"A > Y": gain[0], "A > X": gain[3]}),
        ({"brands": "two", "price_from": "21"}, {"A > Y": gain[0]}),
        ({"categories": "A > X"}, {"A > X": gain[3]}),
        ({"exclude": "p06"}, {"A > Y": gain[0], "A > X": gain[3]}),
        ({"exclude_seen": "true"}, {"A > Y": gain[0] + gain[1]}),
        ({"price_to": "1"}, {}),
    ):
        rows = shop.answer("category_suggestions", user_id="ann", **constraints)
        assert {row["path"]: row["score"] for row in rows} == pytest.approx(expected)
    rows = shop.answer("tag_suggestions", user_id="ann", brands="two", price_from="21")
    assert {row["key"]: row["score"] for row in rows} == pytest.approx({"colour=red": 1 / log(4)})
    rows = shop.answer("tag_suggestions", user_id="ann")
    assert [(row["key"], row["known"]) for row in rows] == [("colour=red", False), ("wool", True)]
    assert [row["score"] for row in rows] == pytest.approx(
        [(gain[0] + gain[1]) / log(4), gain[3] / log(3)]
    )


def test_from_following_weighs_the_newest_most(shop: Shop) -> None:
    rows = shop.answer("from_following", user_id="dee")
    # The newest is Ann's cart, one day before the cutoff.
    score = {"p04": 0.6 + 0.5 ** (19 / 30), "p01": 0.3 * 0.5 ** (0.5 / 30)}
    score["p00"] = 0.5 ** (7 / 30) + 0.3 * 0.5 ** (8 / 30)
    score["p02"] = 0.5 ** (19 / 30) + 0.5 ** (39 / 30)
    score["p05"] = 0.3 * 0.5 ** (2 / 30)
    order = sorted(score, key=lambda name: -score[name])
    assert [row["product_id"] for row in rows] == order
    assert [row["score"] for row in rows] == pytest.approx([score[name] for name in order])
    assert shop.answer("from_following", user_id="ann") == []


def test_an_advert_takes_the_campaign_alone(shop: Shop) -> None:
    campaign = "p07,p05,p11,sold,gone,unknown"
    expected = ranked(shop, shop.users[0], ["p07", "p05", "p11"])
    assert shop.ids("advert", user_id="ann", product_ids=campaign) == expected
    # Nobody is known: what sells, then by id.
    assert told(shop.answer("advert", product_ids=campaign)) == [
        ("p07", "popular"),
        ("p05", "popular"),
        ("p11", "popular"),
    ]


@pytest.mark.parametrize(
    ("at", "found"),
    [("2025-12-20", []), ("2025-12-28", [0.8]), ("2026-01-01", [1.0]), ("2026-02-11", [])],
)
def test_what_is_bought_every_twenty_days_is_due_again(
    shop: Shop, at: str, found: list[float]
) -> None:
    # Bob bought p02 forty and twenty days before the cutoff.
    rows = shop.answer("replenishment", user_id="bob", at=at)
    assert [row["score"] for row in rows] == pytest.approx(found)
    assert {row["product_id"] for row in rows} <= {"p02"}


def test_because_you_viewed_follows_the_last_session(shop: Shop) -> None:
    # Ann's last session: the cart of p04, then the view of p01 before it.
    rows = shop.answer("because_you_viewed", user_id="ann", k="3")
    assert told(rows) == [("p10", "next"), ("p06", "next"), ("p02", "like it")]
    assert [row["score"] for row in rows] == pytest.approx([0.75, 0.5 / 2, 0.9 / 2])
    rest = shop.answer("because_you_viewed", user_id="ann")[3:]
    asked = np.concatenate([shop.products[4][:-2], [0, 0]])
    among = [name for name in ON_SALE if name not in ("p10", "p06", "p02", "p04", "p01")]
    assert [row["product_id"] for row in rest] == ranked(shop, asked, among)
    assert shop.answer("because_you_viewed", user_id="dee") == []


def test_unseen_is_what_nobody_turned_to_until_somebody_does(shop: Shop, ask: Ask) -> None:
    untouched = [name for name in ON_SALE if name not in {event[2] for event in EVENTS}]
    assert shop.ids("unseen", user_id="bob") == ranked(shop, shop.users[1], untouched)
    add_event(ask, "ann", "view", untouched[0], 0.1)
    assert set(shop.ids("unseen")) == set(untouched[1:])


def test_a_search_finds_words_and_meaning_and_brings_near_who_asks(shop: Shop, ask: Ask) -> None:
    ask("MATCH (p:Product {product_id: 'p03'}) SET p.title = 'Blue hat'")
    ask("MATCH (p:Product {product_id: 'p05'}) SET p.description = 'a hat of wool'")
    ask("CALL db.index.fulltext.awaitEventuallyConsistentIndexRefresh()")
    words = shop.answer("search", text="hat")
    assert {(row["product_id"], row["source"]) for row in words} == {
        ("p03", "words"),
        ("p05", "words"),
    }
    vector = "[" + ",".join(map(str, shop.texts[3].tolist())) + "]"
    both = shop.answer("search", text="hat", vector=vector)
    assert told(both)[0] == ("p03", "both")
    meaning = nearness(shop.texts, shop.texts[3])
    among = sorted((n for n in ON_SALE if n != "p12"), key=lambda n: -meaning[IDS.index(n)])
    place = {row["product_id"]: i for i, row in enumerate(words)}
    fused = {
        n: 1 / (61 + i) + (1 / (61 + place[n]) if n in place else 0) for i, n in enumerate(among)
    }
    assert {row["product_id"]: row["score"] for row in both} == pytest.approx(fused)
    personal = shop.answer("search", text="hat", vector=vector, user_id="ann")
    mine = ranked(shop, shop.users[0], among)
    assert {row["product_id"]: row["score"] for row in personal} == pytest.approx(
        {n: fused[n] + 0.5 / (61 + mine.index(n)) for n in among}
    )


CATEGORY = {name: path for name, path, _, _ in PRODUCTS}
BRAND = {name: brand for name, _, brand, _ in PRODUCTS}
PRICE = {name: price for name, _, _, price in PRODUCTS}

Fits = Callable[[str], bool]
CONSTRAINED: list[tuple[dict[str, str], Fits]] = [
    ({"price_from": "8", "price_to": "20"}, lambda n: 8 <= (PRICE[n] or 0) <= 20),
    ({"price_from": "20", "price_to": "8"}, lambda n: False),
    ({"price_to": "12"}, lambda n: (PRICE[n] or 99) <= 12),
    ({"categories": "A"}, lambda n: CATEGORY[n].startswith("A")),
    ({"categories": "A > X,C"}, lambda n: CATEGORY[n] in ("A > X", "A > X > Z", "C")),
    ({"brands": "two"}, lambda n: BRAND[n] == "two"),
    ({"brands": "two", "categories": "B"}, lambda n: BRAND[n] == "two" and CATEGORY[n] == "B"),
    ({"exclude": "p02,p05"}, lambda n: n not in ("p02", "p05")),
    ({"exclude_seen": "true"}, lambda n: True),
    ({"exclude_bought": "true"}, lambda n: True),
    ({"in_stock": "false"}, lambda n: True),
]


def test_every_page_has_its_test_of_constraints() -> None:
    pages = {name for name, query in list_queries().items() if "constraints" in query.params}
    # Those of no products have tests of their own.
    assert pages == GIVEN.keys() | {"category_suggestions", "tag_suggestions"}


def test_constraints_hold_of_every_row_and_lose_none_that_fits(shop: Shop) -> None:
    # All pages in one shop: none of them changes it.
    for name in GIVEN:
        check_constraints(shop, name)


def check_constraints(shop: Shop, name: str) -> None:
    """Ask a page under every constraint."""
    given = GIVEN[name]
    # Search counts places among what fits, so that the order may change.
    same = set if name == "search" else list
    whole = shop.ids(name, **given)
    assert whole
    who = given.get("user_id")
    for constraints, fits in CONSTRAINED:
        asked = dict(constraints)
        shopper = who
        if who is None and "exclude" in "".join(asked):
            asked["user_id"] = shopper = "bob"
        had = {product for user, _, product, _, _ in EVENTS if user == shopper}
        bought = {p for user, kind, p, _, _ in EVENTS if user == shopper and kind == "purchase"}
        found = shop.ids(name, **given, **asked)
        assert all(fits(product) for product in found)
        assert "gone" not in found
        if "exclude_seen" in asked:
            assert not had & set(found)
            assert same(p for p in whole if p not in had) == same(found)
        elif "exclude_bought" in asked:
            assert same(p for p in whole if p not in bought) == same(found)
        elif "in_stock" in asked:
            assert set(found) - {"sold"} == set(whole)
        elif name == "search":
            assert {p for p in whole if fits(p)} == set(found)
        else:
            # In the same order: a constraint takes rows away and changes nothing else.
            assert [p for p in whole if fits(p)] == [p for p in found if p in whole]


def test_at_most_so_many_of_a_brand_and_of_a_category_taken_greedily(shop: Shop) -> None:
    whole = shop.ids("similar_products", product_id="p00")
    for asked, keys in (
        ({"per_brand": "1"}, (BRAND,)),
        ({"per_category": "2"}, (CATEGORY,)),
        ({"per_brand": "2", "per_category": "1"}, (BRAND, CATEGORY)),
    ):
        limits = [int(value) for value in asked.values()]
        kept: list[str] = []
        for product in whole:
            if all(
                sum(key[other] == key[product] for other in kept) < limit
                for key, limit in zip(keys, limits, strict=True)
            ):
                kept.append(product)
        assert shop.ids("similar_products", product_id="p00", **asked) == kept
        assert shop.ids("similar_products", product_id="p00", **asked, k="2") == kept[:2]


@pytest.mark.parametrize("weight", [0.3, 1.0])
def test_diversity_trades_place_for_unlikeness(shop: Shop, weight: float) -> None:
    whole = shop.ids("similar_products", product_id="p00")
    k = 4
    left = whole[: 3 * k]
    worth = {p: (1 - weight) * (1 - place / len(whole)) for place, p in enumerate(whole)}
    picked: list[str] = []
    while len(picked) < k:

        def value(product: str) -> float:
            row = shop.texts[IDS.index(product)]
            near = [
                nearness(row[None], shop.texts[IDS.index(other)])[0]
                for other in picked
                if row.any() and shop.texts[IDS.index(other)].any()
            ]
            return worth[product] - weight * max(near, default=0.0)

        best = max((p for p in left if p not in picked), key=value)
        picked.append(best)
    assert shop.ids("similar_products", product_id="p00", diversity=str(weight), k="4") == picked


def test_a_constraint_of_another_type_is_refused_in_one_line(shop: Shop) -> None:
    for asked in ({"price_to": "cheap"}, {"in_stock": "perhaps"}, {"per_brand": "1.5"}):
        with pytest.raises(UnknownQuery) as caught:
            shop.answer("trending", **asked)
        assert "\n" not in str(caught.value)
    with pytest.raises(UnknownQuery, match=r"constraints being in_stock, .*: check colour$"):
        shop.answer("trending", colour="red")


def test_names_with_commas_come_as_json(shop: Shop, ask: Ask) -> None:
    ask("MATCH (b:Brand {name: 'two'}) SET b.name = 'Smith, Sons'")
    found = shop.ids("similar_products", product_id="p00", brands='["Smith, Sons"]')
    assert found
    assert {BRAND[name] for name in found} == {"two"}


def test_reasons_are_told_in_words_and_drawn_as_paths(shop: Shop, ask: Ask) -> None:
    told = {
        "p05": ["IN_CATEGORY 0.40 p04", "MADE_BY 0.20 p01"],
        "p06": ["LEADS_TO 0.50 p01"],
        "p01": ["ITSELF 0.60 p01"],
    }
    ask(
        "MATCH (:User {user_id: 'ann'})-[r:RECOMMENDED]->(p:Product) "
        "SET r.reasons = $told[p.product_id]",
        told=told,
    )
    rows = shop.answer("reasons", user_id="ann")
    assert {row["product_id"]: row["reasons"] for row in rows} == {
        "p05": [
            "From Y, as is «Red p04», which you put into the cart",
            "By two, as is «Red p01», which you looked at",
        ],
        "p06": ["Often the next after «Red p01», which you looked at"],
        "p01": ["Something you looked at"],
    }
    assert [row["shares"] for row in rows] == [[0.4, 0.2], [0.5], [0.6]]
    assert [row["paths"] for row in rows] == [
        [
            "(User ann)-[CARTED]->(Product p04)-[IN_CATEGORY]->(Category A > Y)"
            "<-[IN_CATEGORY]-(Product p05)",
            "(User ann)-[VIEWED]->(Product p01)-[MADE_BY]->(Brand two)<-[MADE_BY]-(Product p05)",
        ],
        ["(User ann)-[VIEWED]->(Product p01)-[LEADS_TO]->(Product p06)"],
        ["(User ann)-[VIEWED]->(Product p01)"],
    ]
    chinese = shop.answer("reasons", user_id="ann", language="zh")
    assert [row["reasons"] for row in chinese] == [
        ["与您加入购物车的《Red p04》同属Y", "与您浏览过的《Red p01》同属品牌two"],
        ["常在您浏览过的《Red p01》之后购买"],
        ["您浏览过的商品"],
    ]
