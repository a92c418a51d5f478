from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from math import sqrt
from typing import Any

import numpy as np
import pytest

from kg.connection import Graph, statement
from kg.errors import KgError, UnknownQuery
from kg.numbering import number_nodes
from kg.publish import Publication, publish
from kg.queries import Query, convert_params, find_query, list_queries, run_query

NOW = datetime(2026, 1, 1, tzinfo=UTC)

Ask = Callable[..., list[tuple[Any, ...]]]
Snapshot = Callable[[], list[tuple[Any, ...]]]

SHIPPED = {
    "for_user": {"user_id": "STRING", "constraints": "MAP", "k": "INTEGER"},
    "similar_products": {"product_id": "STRING", "constraints": "MAP", "k": "INTEGER"},
    "bought_together": {"product_ids": "LIST<STRING>", "constraints": "MAP", "k": "INTEGER"},
    "recommendation": {"user_id": "STRING", "product_id": "STRING", "k": "INTEGER"},
}


def test_queries_are_found_and_described_by_their_files() -> None:
    queries = list_queries()
    assert {name: queries[name].params for name in SHIPPED} == SHIPPED
    assert queries["for_user"].name == "recommend/for_user"
    assert queries["recommendation"].name == "explain/recommendation"
    assert queries["bought_together"].purpose == (
        "Others bought with this product, or with any of several: what the orders that hold them "
        "hold besides."
    )
    for query in queries.values():
        assert query.purpose.endswith((".", ":"))
        # What was known of one product is no list to cut.
        assert query.params.keys() & {"k", "until"}


@pytest.mark.parametrize("name", ["for_user", "for-user", "recommend/for_user"])
def test_a_query_is_found_by_its_name(name: str) -> None:
    assert find_query(name).name == "recommend/for_user"


@pytest.mark.parametrize(
    "name", ["nothing", "", "../write/drop_index", "write/drop_index", "drop_index"]
)
def test_an_unknown_query_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(UnknownQuery) as caught:
        find_query(name)
    message = str(caught.value)
    assert message.startswith(f"No query {name!r}: there are advert, because_you_viewed, ")
    assert "\n" not in message


QUERY = Query(
    "x/y", "Why.", {"name": "STRING", "k": "INTEGER", "p": "FLOAT", "ids": "LIST<STRING>"}
)


def test_parameters_are_converted_by_the_types_of_the_header() -> None:
    given = {"name": "007", "k": "20", "p": "0.5", "ids": "007, a b ,,c"}
    assert convert_params(QUERY, given) == {
        "name": "007",
        "k": 20,
        "p": 0.5,
        "ids": ["007", "a b", "c"],
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": "many"}, "x/y: k must be INTEGER (got 'many')"),
        ({"k": "1.5"}, "x/y: k must be INTEGER (got '1.5')"),
        ({"k": "1; MATCH (n) DETACH DELETE n"}, "x/y: k must be INTEGER (got "),
        ({"k": str(2**63)}, "x/y: k is out of range (got 9223372036854775808)"),
        ({"p": "x"}, "x/y: p must be FLOAT (got 'x')"),
        (
            {"other": "1"},
            "x/y takes name (STRING), k (INTEGER), p (FLOAT), ids (LIST<STRING>): check other",
        ),
        (
            {"k": None},
            "x/y takes name (STRING), k (INTEGER), p (FLOAT), ids (LIST<STRING>): check k",
        ),
    ],
)
def test_a_wrong_parameter_is_named_in_one_line(
    change: dict[str, str | None], message: str
) -> None:
    given = {"name": "n", "k": "1", "p": "1", "ids": "a"} | change
    with pytest.raises(UnknownQuery) as caught:
        convert_params(QUERY, {name: text for name, text in given.items() if text is not None})
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.fixture
def shop(graph: Graph, ask: Ask) -> Graph:
    """Six products, three users, four orders of which one is a guest's, and a live run."""
    ask(
        """
        UNWIND ['coat', 'hat', 'scarf', 'gloves', 'boots', 'belt'] AS id
        CREATE (:Product {product_id: id, title: toUpper(id), price: 2.0, in_stock: true})
        """
    )
    ask("MATCH (p:Product {product_id: 'gloves'}) SET p.in_stock = false, p.stock = 0")
    ask("MATCH (p:Product {product_id: 'boots'}) SET p.delisted = true")
    ask("MATCH (p:Product {product_id: 'belt'}) REMOVE p.title")
    ask("UNWIND ['ann', 'bob', 'cy'] AS id CREATE (:User {user_id: id})")
    number_nodes(graph, "users")
    number_nodes(graph, "products")
    ask(
        """
        UNWIND [['o1', ['coat', 'hat']], ['o2', ['coat', 'hat', 'scarf', 'gloves', 'boots']],
                ['o3', ['hat', 'belt']], ['o4', ['coat', 'belt']]] AS order
        CREATE (o:Order {order_id: order[0]})
        WITH o, order UNWIND order[1] AS id
        MATCH (p:Product {product_id: id})
        CREATE (o)-[:CONTAINS {interaction_id: order[0] + id}]->(p)
        """
    )
    # belt, boots, coat, gloves, hat, scarf: the rows in the order of their keys.
    z = np.array([[1, 0.1], [1, 0], [0.9, 0.3], [0.9, 0.2], [0, 1], [0, 0]], np.float32)
    vectors = np.concatenate([z, np.ones((6, 2), np.float32)], axis=1)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    lists = np.array([[3, 4, 5, 1, 0], [5, 4, -1, -1, -1], [-1] * 5])
    scores = np.array([[5, 4, 3, 2, 1], [2, 1, 0, 0, 0], [0] * 5], np.float32)
    users = np.ones((3, 4), np.float32)
    publish(graph, Publication("run", {}, users, vectors, lists, scores), NOW)
    return graph


def rows(graph: Graph, name: str, **given: str) -> list[dict[str, Any]]:
    query = find_query(name)
    found = run_query(graph, query, convert_params(query, given))
    json.dumps(found, allow_nan=False)
    return found


def answer(
    rank: int, product_id: str, title: str | None, score: float, source: str
) -> dict[str, Any]:
    """A row of a page's query, of a product that costs 2."""
    facts = {"rank": rank, "product_id": product_id, "title": title, "price": 2.0}
    return facts | {"score": score, "source": source}


def test_a_users_list_is_the_live_runs_without_what_is_not_sold(shop: Graph) -> None:
    assert rows(shop, "for_user", user_id="ann", k="20") == [
        answer(1, "hat", "HAT", 4.0, "stored"),
        answer(2, "scarf", "SCARF", 3.0, "stored"),
        answer(3, "belt", None, 1.0, "stored"),
    ]
    assert [row["rank"] for row in rows(shop, "for_user", user_id="bob", k="1")] == [1]
    assert rows(shop, "for_user", user_id="cy", k="20") == []


def test_similar_products_are_the_nearest_that_are_sold(shop: Graph) -> None:
    found = rows(shop, "similar_products", product_id="belt", k="20")
    assert [row["product_id"] for row in found] == ["coat", "hat", "scarf"]
    # Popularity and length, the last two numbers, are left out of what is asked for.
    z = np.array([[1, 0.1], [0.9, 0.3], [0, 1], [0, 0]])
    lengths = np.sqrt((z**2).sum(axis=1) + 2)
    cosines = (z @ z[0]) / lengths / np.linalg.norm(z[0])
    assert [row["score"] for row in found] == pytest.approx((1 + cosines[1:]) / 2, abs=1e-6)
    assert [
        row["product_id"] for row in rows(shop, "similar_products", product_id="belt", k="1")
    ] == ["coat"]


@pytest.mark.parametrize("product_id", ["scarf", "newcomer"])
def test_a_product_of_which_the_run_knows_nothing_is_like_none(
    shop: Graph, ask: Ask, product_id: str
) -> None:
    ask("CREATE (:Product {product_id: 'newcomer', in_stock: true})")
    assert rows(shop, "similar_products", product_id=product_id, k="20") == []


def test_what_is_bought_together_with_one_product(shop: Graph) -> None:
    # Lines: coat 3, hat 3, scarf 1, belt 2; gloves are sold out and boots left the shop.
    found = rows(shop, "bought_together", product_ids="coat", k="20")
    assert [row["product_id"] for row in found] == ["hat", "scarf", "belt"]
    assert [row["score"] for row in found] == pytest.approx(
        [2 / 8, 1 / sqrt(8 * 6), 1 / sqrt(8 * 7)]
    )
    assert found[0] == answer(1, "hat", "HAT", 0.25, "orders")


def test_what_is_bought_together_with_a_cart_adds_up(shop: Graph) -> None:
    found = rows(shop, "bought_together", product_ids="coat,hat,coat,unknown", k="20")
    assert [row["product_id"] for row in found] == ["scarf", "belt"]
    assert [row["score"] for row in found] == pytest.approx([2 / sqrt(8 * 6), 2 / sqrt(8 * 7)])
    [best] = rows(shop, "bought_together", product_ids="coat,hat", k="1")
    assert best["product_id"] == "scarf"


def test_a_recommendation_is_explained_by_paths_that_exist(shop: Graph, ask: Ask) -> None:
    ask(
        """
        MATCH (ann:User {user_id: 'ann'}), (coat:Product {product_id: 'coat'}),
              (belt:Product {product_id: 'belt'}), (scarf:Product {product_id: 'scarf'}),
              (hat:Product {product_id: 'hat'}), (boots:Product {product_id: 'boots'}),
              (o:Order {order_id: 'o1'})
        CREATE (ann)-[:VIEWED {occurred_at: datetime('2025-03-01')}]->(coat),
               (ann)-[:PURCHASED {occurred_at: datetime('2025-01-01'), n: 1}]->(coat),
               (ann)-[:PURCHASED {occurred_at: datetime('2025-02-01'), n: 2}]->(coat),
               (ann)-[:VIEWED]->(belt), (ann)-[:CARTED]->(scarf), (ann)-[:VIEWED]->(hat),
               (ann)-[:PLACED]->(o),
               (wool:Attribute {key: 'fabric=wool', name: 'fabric', value: 'wool'}),
               (ann_s:Brand {name: 'Warm'}), (acc:Category {path: 'A > Hats', name: 'Hats'})
        CREATE (scarf)-[:HAS_ATTRIBUTE]->(wool)<-[:HAS_ATTRIBUTE]-(hat),
               (coat)-[:HAS_ATTRIBUTE]->(wool)<-[:HAS_ATTRIBUTE]-(boots),
               (belt)-[:MADE_BY]->(ann_s)<-[:MADE_BY]-(hat),
               (belt)-[:IN_CATEGORY]->(acc)<-[:IN_CATEGORY]-(hat),
               (boots)-[:IN_CATEGORY]->(acc), (coat)-[:IN_CATEGORY]->(acc)
        """
    )
    found = rows(shop, "recommendation", user_id="ann", product_id="hat", k="20")
    told = [(row["reason"], row["because"], row["through"]) for row in found]
    assert told == [
        ("same brand", "belt", "Warm"),
        ("bought together", "COAT", "2 orders"),
        ("same attribute", "COAT", "fabric=wool"),
        ("same attribute", "SCARF", "fabric=wool"),
        ("same category", "belt", "A > Hats"),
        ("same category", "COAT", "A > Hats"),
        ("bought together", "SCARF", "1 order"),
        ("bought together", "belt", "1 order"),
    ]
    weights = [1 / 3, 2 / 8, 1 / 5, 1 / 5, 1 / 5, 1 / 5, 1 / sqrt(8 * 6), 1 / sqrt(8 * 7)]
    assert [row["weight"] for row in found] == pytest.approx(weights)
    assert found[0]["path"] == (
        "(User ann)-[VIEWED]->(Product belt)-[MADE_BY]->(Brand Warm)<-[MADE_BY]-(Product hat)"
    )
    assert found[1]["path"] in {
        f"(User ann)-[PURCHASED]->(Product coat)<-[CONTAINS]-(Order {o})-[CONTAINS]->(Product hat)"
        for o in ("o1", "o2")
    }
    assert found[3]["path"].startswith("(User ann)-[CARTED]->(Product scarf)-[HAS_ATTRIBUTE]->")
    first = rows(shop, "recommendation", user_id="ann", product_id="hat", k="2")
    assert first == found[:2] or first[0] == found[0]
    assert rows(shop, "recommendation", user_id="bob", product_id="hat", k="20") == []
    assert rows(shop, "recommendation", user_id="ann", product_id="gloves", k="20") != []


def test_an_explanation_shows_the_newest_of_what_says_most(shop: Graph, ask: Ask) -> None:
    ask(
        "MATCH (ann:User {user_id: 'ann'}), (coat:Product {product_id: 'coat'}) "
        "UNWIND [['VIEWED', 9], ['PURCHASED', 1], ['PURCHASED', 7], ['PURCHASED', 3]] AS e "
        "CREATE (ann)-[:$(e[0]) {occurred_at: datetime({year: 2025, month: e[1]})}]->(coat)"
    )
    query = find_query("recommendation")
    with shop.session("READ") as session:
        record = session.run(statement(query.name), user_id="ann", product_id="hat", k=5).single(
            strict=True
        )
    did = record["path"].relationships[0]
    assert (did.type, did["occurred_at"].month) == ("PURCHASED", 7)


GIVEN = {
    "for_user": {"user_id": "ann"},
    "similar_products": {"product_id": "belt"},
    "bought_together": {"product_ids": "coat"},
    "recommendation": {"user_id": "ann", "product_id": "hat"},
}


def test_as_many_rows_as_asked_for(shop: Graph, ask: Ask) -> None:
    ask(
        "MATCH (u:User {user_id: 'ann'}), (p:Product) WHERE p.product_id <> 'hat' "
        "CREATE (u)-[:VIEWED]->(p)"
    )
    for name in SHIPPED:
        assert rows(shop, name, **GIVEN[name], k="0") == []
        assert len(rows(shop, name, **GIVEN[name], k="2")) == 2
        everything = rows(shop, name, **GIVEN[name], k="20")
        assert len(everything) > 2
        assert rows(shop, name, **GIVEN[name], k=str(2**63 - 1)) == everything
        with pytest.raises(UnknownQuery) as caught:
            rows(shop, name, **GIVEN[name], k="-1")
        assert "'-1'" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_browsers_floats_do_for_k(shop: Graph) -> None:
    for name in SHIPPED:
        query = find_query(name)
        params = convert_params(query, GIVEN[name] | {"k": "2"})
        assert run_query(shop, query, params | {"k": 2.0}) == run_query(shop, query, params)


def test_values_of_another_type_do_no_harm(shop: Graph, snapshot: Snapshot) -> None:
    before = snapshot()
    for name in SHIPPED:
        query = find_query(name)
        good = convert_params(query, GIVEN[name] | {"k": "5"})
        for param in good:
            for value in (None, True, 7, [1], {"a": 1}, "x", float("nan")):
                with suppress(KgError):
                    run_query(shop, query, good | {param: value})
    assert snapshot() == before


def test_a_query_cannot_write(shop: Graph, snapshot: Snapshot) -> None:
    before = snapshot()
    with pytest.raises(KgError, match=r"^write/merge_bare_users: "):
        run_query(shop, Query("write/merge_bare_users", "", {}), {"ids": ["x"], "now": NOW})
    assert snapshot() == before
