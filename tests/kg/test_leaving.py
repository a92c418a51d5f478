from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from kg.connection import Graph
from kg.leaving import delete
from kg.read import read_tensors
from kg.tombstones import Tombstones, delete_tombstones, read_tombstones
from kg.write import finish_load, merge_table

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)

Ask = Callable[..., list[tuple[Any, ...]]]
Snapshot = Callable[[], list[tuple[Any, ...]]]


def day(number: int) -> datetime:
    return datetime(2025, 1, number, tzinfo=UTC)


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    made = pd.DataFrame(list(rows))
    if "occurred_at" in made:
        made["occurred_at"] = pd.to_datetime(made["occurred_at"], utc=True)
        made["occurred_at"] = made["occurred_at"].astype("datetime64[us, UTC]")
    for name in ("user_id", "order_id", "session_id", "product_id", "interaction_id"):
        if name in made:
            made[name] = made[name].astype("str")
    made["line"] = range(2, len(made) + 2)
    return made


def bought(key: str, user: str | None, product: str, order: str, number: int = 1) -> dict[str, Any]:
    row = {"interaction_id": key, "user_id": user, "product_id": product, "kind": "purchase"}
    return row | {"order_id": order, "occurred_at": day(number), "price": 2.0}


def orders(ask: Ask) -> list[tuple[Any, ...]]:
    return ask(
        "MATCH (o:Order) RETURN o.order_id, COUNT { (o)-[:CONTAINS]->() }, "
        "o.occurred_at.day, COUNT { (o)<-[:PLACED]-() } ORDER BY o.order_id"
    )


def test_a_deleted_event_takes_its_order_line_and_an_order_left_empty(
    graph: Graph, ask: Ask
) -> None:
    rows = [
        bought("a", "u", "p", "o1", 1),
        bought("b", "u", "q", "o1", 2),
        bought("c", "u", "p", "o2", 3),
        bought("d", None, "p", "o3", 4),
        bought("e", "v", "q", "o4", 5) | {"kind": "return"},
    ]
    merge_table(graph, "interactions", table(*rows), NOW)
    ask(
        "MATCH (p:Product {product_id: 'p'}), (q:Product {product_id: 'q'}) "
        "CREATE (p)-[:BOUGHT_WITH {weight: 1.0}]->(q), (q)-[:LEADS_TO {weight: 1.0}]->(q)"
    )
    assert delete(graph, "interactions", ["a", "c", "d", "nobody's"], LATER) == (3, 4)
    assert orders(ask) == [("o1", 1, 2, 1)]
    left = ask("MATCH ()-[e:PURCHASED|RETURNED]->() RETURN e.interaction_id")
    assert sorted(left) == [("b",), ("e",)]
    stale = ask("MATCH ()-[r:BOUGHT_WITH|LEADS_TO]->() RETURN type(r), r.stale")
    assert dict(stale) == {"BOUGHT_WITH": True, "LEADS_TO": None}
    assert delete(graph, "interactions", ["a", "c", "d"], LATER) == (0, 0)


def test_a_deleted_product_goes_with_its_facts_events_and_lone_orders(
    graph: Graph, ask: Ask
) -> None:
    facts = pd.DataFrame(
        {"product_id": ["p"], "price": [1.0], "valid_from": [pd.Timestamp(day(1))]}
    )
    merge_table(graph, "products", facts, NOW)
    rows = [bought("a", "u", "p", "o1"), bought("b", "u", "q", "o2"), bought("c", "u", "p", "o2")]
    merge_table(graph, "interactions", table(*rows), NOW)
    search = {"interaction_id": "s", "query": "hat", "user_id": None, "product_id": "p"}
    merge_table(graph, "searches", table(search), NOW)
    assert delete(graph, "products", ["p"], LATER) == (1, 1)
    assert ask("MATCH (n:Product|ProductFacts|Query) RETURN n.product_id") == [("q",)]
    assert orders(ask) == [("o2", 1, 1, 1)]


def test_reviews_and_searches_are_deleted_by_their_own_ids(graph: Graph, ask: Ask) -> None:
    reviews = [{"interaction_id": key, "user_id": "u", "product_id": "p"} for key in "ab"]
    merge_table(graph, "reviews", table(*reviews), NOW)
    searches = [
        {"interaction_id": "a", "query": "hat", "user_id": "u", "product_id": "p"},
        {"interaction_id": "b", "query": "cap", "user_id": "u", "product_id": None},
        {"interaction_id": "c", "query": "cap", "user_id": "v", "product_id": "p"},
    ]
    merge_table(graph, "searches", table(*searches), NOW)
    assert delete(graph, "reviews", ["a"], LATER) == (1, 1)
    assert ask("MATCH ()-[e:REVIEWED]->() RETURN e.interaction_id") == [("b",)]
    assert delete(graph, "searches", ["a", "b"], LATER) == (2, 2)
    assert ask("MATCH (q:Query) RETURN q.text, COUNT { (q)--() }") == [("cap", 2)]


def test_nothing_anywhere_holds_the_id_of_a_forgotten_user(graph: Graph, ask: Ask) -> None:
    rows = [bought(f"e{i}", user, "p", f"o {user}", i) for i, user in enumerate(["ann", "bob"], 1)]
    rows[0]["session_id"] = "s1"
    shared = [bought("e3", "bob", "q", "both", 3), bought("e4", "ann", "p", "both", 3)]
    merge_table(graph, "interactions", table(*rows, *shared), NOW)
    review = {"interaction_id": "r", "user_id": "ann", "product_id": "p", "text": "signed ann"}
    merge_table(graph, "reviews", table(review), NOW)
    searches = [
        {"interaction_id": "s", "query": "gift for ann", "user_id": "ann", "product_id": "p"},
        {"interaction_id": "t", "query": "hat", "user_id": "ann", "product_id": None},
        {"interaction_id": "v", "query": "hat", "user_id": "bob", "product_id": None},
        {"interaction_id": "w", "query": "ann's own", "user_id": None, "product_id": "p"}
        | {"session_id": "s1"},
    ]
    merge_table(graph, "searches", table(*searches), NOW)
    follows = [{"user_id": "ann", "follows_id": "bob"}, {"user_id": "bob", "follows_id": "ann"}]
    merge_table(graph, "follows", table(*follows), NOW)
    finish_load(graph)
    ask(
        "MATCH (u:User {user_id: 'ann'}), (p:Product {product_id: 'p'}) SET u.vector_a = [1.0] "
        "CREATE (u)-[:RECOMMENDED {rank: 1, run_id: 'run'}]->(p), (u)-[:PREFERS]->(:Band {low: 1})"
    )
    assert delete(graph, "users", ["ann"], LATER) == (1, 1)
    nodes = ask("MATCH (n) RETURN properties(n)")
    links = ask("MATCH ()-[r]->() RETURN properties(r)")
    assert not [row for row in nodes + links if "ann" in repr(row)]
    assert orders(ask) == [("both", 1, 3, 1), ("o bob", 1, 2, 1)]
    assert ask("MATCH (u:User) RETURN u.user_id") == [("bob",)]
    assert ask("MATCH ()-[r:FOUND|RECOMMENDED|FOLLOWS]->() RETURN count(r)") == [(0,)]


def test_a_row_once_given_is_not_given_again(graph: Graph, ask: Ask) -> None:
    rows = [bought("a", "u0", "p0", "o"), bought("b", "u1", "p1", "o")]
    merge_table(graph, "interactions", table(*rows), NOW)
    finish_load(graph)
    delete(graph, "users", ["u1"], LATER)
    delete(graph, "products", ["p1"], LATER)
    assert read_tensors(graph, None).user_ids == ["u0", ""]
    merge_table(graph, "interactions", table(bought("c", "u2", "p2", "o")), LATER)
    finish_load(graph)
    tensors = read_tensors(graph, None)
    assert (tensors.user_ids, tensors.product_ids) == (["u0", "", "u2"], ["p0", "", "p2"])


def test_what_is_delisted_leaves_recommendations_and_vectors_at_once(
    graph: Graph, ask: Ask
) -> None:
    merge_table(graph, "interactions", table(bought("a", "u", "p", "o")), NOW)
    ask(
        "MATCH (u:User), (p:Product) SET p.vector_a = [1.0] "
        "CREATE (u)-[:RECOMMENDED {rank: 1, run_id: 'run'}]->(p)"
    )
    finish_load(graph)
    assert ask("MATCH (p)<-[:RECOMMENDED]-() RETURN p.vector_a") == [([1.0],)]
    gone = pd.DataFrame({"product_id": ["p"], "delisted": [True]})
    merge_table(graph, "products", gone, LATER)
    finish_load(graph)
    assert ask("MATCH (p:Product) RETURN p.vector_a, COUNT { (p)<-[:PURCHASED]-() }") == [(None, 1)]
    assert ask("MATCH ()-[r:RECOMMENDED]->() RETURN r") == []


@pytest.mark.parametrize(
    "change",
    [
        {"price": 3.0},
        {"user_id": "v"},
        {"user_id": None},
        {"product_id": "q"},
        {"kind": "return", "order_id": None},
        {"order_id": "o2"},
        {"occurred_at": day(2)},
        {"note": "gift"},
    ],
)
def test_a_later_load_of_an_event_with_other_values_corrects_it(
    graph: Graph, ask: Ask, snapshot: Snapshot, change: dict[str, Any]
) -> None:
    first, corrected = bought("a", "u", "p", "o"), bought("a", "u", "p", "o") | change
    others = [bought("b", "w", "p", "o"), bought("c", None, "q", "o3")]
    people = table({"user_id": "u"}, {"user_id": "v"})
    merge_table(graph, "users", people, NOW)
    merge_table(graph, "interactions", table(corrected, *others), NOW)
    ask("MERGE (:Product {product_id: 'p'}) MERGE (:Product {product_id: 'q'})")
    right = without_lines(snapshot())
    ask("MATCH (n) WHERE NOT n:ShopgraphSchema DETACH DELETE n")
    merge_table(graph, "users", people, NOW)
    merge_table(graph, "interactions", table(first, *others), NOW)
    assert merge_table(graph, "interactions", table(first, *others), LATER) == 0
    assert merge_table(graph, "interactions", table(corrected), NOW) == 1
    assert without_lines(snapshot()) == right
    assert merge_table(graph, "interactions", table(corrected), LATER) == 0


def without_lines(rows: list[tuple[Any, ...]]) -> list[str]:
    """A snapshot as text, without the lines where rows stood."""
    return sorted(repr(row).replace("'line': 2, ", "").replace("'line': 3, ", "") for row in rows)


def test_a_tombstone_knows_an_id_and_holds_none(graph: Graph, ask: Ask) -> None:
    delete(graph, "users", ["ann", "ann"], NOW)
    stones = read_tombstones(graph)
    ids = pd.Series(["bob", None, "ann", "ann", "Ann"])
    assert stones.holds("users", ids).tolist() == [False, False, True, True, False]
    assert stones.holds("products", ids).tolist() == [False] * 5
    assert Tombstones("another salt", stones.keys).holds("users", ids).sum() == 0
    assert delete_tombstones(graph, "users", ["ann", "bob"]) == {"ann"}
    assert read_tombstones(graph).holds("users", ids).sum() == 0


def test_rows_of_a_table_without_ids_cannot_be_deleted(graph: Graph) -> None:
    with pytest.raises(ValueError, match="Nothing of 'follows' can be deleted"):
        delete(graph, "follows", ["u"], NOW)
