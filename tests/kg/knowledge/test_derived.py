"""Relations and profiles on the real server: what is read before a time, and how it is replaced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from ingestion.knowledge.derive import derive_relations
from ingestion.knowledge.profiles import profile_users
from kg.connection import Graph
from kg.knowledge.profiles import read_profile_events
from kg.knowledge.purchases import NONE, read_purchases
from kg.knowledge.relations import replace_relations
from kg.records import NO_TIME
from kg.write import finish_load, merge_table

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def load(
    graph: Graph, *events: dict[str, Any], products: list[dict[str, Any]] | None = None
) -> None:
    for table, rows in (("products", products or []), ("interactions", list(events))):
        if rows:
            frame = pd.DataFrame(rows)
            frame["line"] = range(2, len(frame) + 2)
            if "occurred_at" in frame:
                times = pd.to_datetime(frame["occurred_at"], utc=True)
                frame["occurred_at"] = times.astype("datetime64[us, UTC]")
            merge_table(graph, table, frame, NOW)
    finish_load(graph)


def bought(
    id_: str, user: str | None, product: str, time: datetime | None, **more: Any
) -> dict[str, Any]:
    event = {"interaction_id": id_, "user_id": user, "product_id": product, "kind": "purchase"}
    columns = {"order_id": None, "session_id": None, "quantity": None, "price": None}
    return event | columns | {"occurred_at": time} | more


#: Rows of products in the order of their ids: a 0, b 1, c 2; of users: ann 0, bob 1.
SHOP = [
    bought("1", "ann", "a", NOON, order_id="A", quantity=2.0, price=10.0),
    bought("2", "ann", "b", NOON + timedelta(minutes=1), order_id="A", price=5.0),
    bought("3", None, "a", NOON + DAY, order_id="B"),
    bought("4", None, "b", NOON + DAY, order_id="B"),
    bought("5", "bob", "c", NOON + DAY, session_id="S"),
    bought("6", "bob", "a", NOON + DAY, session_id="S"),
    bought("7", "bob", "b", NOON + 2 * DAY),
    bought("8", "ann", "c", NOON + 3 * DAY, order_id="C", price=7.0),
    bought("9", "ann", "a", NOON + 4 * DAY, kind="return", price=10.0),
]


def relations(graph: Graph, type_: str) -> list[tuple[Any, ...]]:
    query = (
        "MATCH (p:Product)-[r:$($type)]->(q:Product) "
        "RETURN p.product_id, q.product_id, r.support, r.computed_at, r.until "
        "ORDER BY p.product_id, r.weight DESC, q.product_id"
    )
    records, _, _ = graph.driver.execute_query(query, type=type_, database_=graph.database)
    return [tuple(v.to_native() if hasattr(v, "to_native") else v for v in row) for row in records]


def test_purchases_are_read_with_their_baskets(graph: Graph) -> None:
    load(graph, *SHOP)
    read = read_purchases(graph, None)
    noon = round(NOON.timestamp() * 1000)
    day = 86_400_000
    lines = zip(
        read.user,
        read.product,
        (read.time - noon) // 1000,
        read.order >= 0,
        read.session,
        strict=True,
    )
    assert sorted(tuple(int(v) for v in line) for line in lines) == [
        (NONE, 0, day // 1000, 1, NONE),
        (NONE, 1, day // 1000, 1, NONE),
        (0, 0, 0, 1, NONE),
        (0, 1, 0, 1, NONE),
        (0, 2, 3 * day // 1000, 1, NONE),
        (1, 0, day // 1000, 0, 0),
        (1, 1, 2 * day // 1000, 0, NONE),
        (1, 2, day // 1000, 0, 0),
    ]
    assert len(set(read.order[read.order >= 0].tolist())) == 3
    # Line by line: the second of order A is a minute late.
    assert len(read_purchases(graph, NOON + timedelta(seconds=1)).user) == 1
    assert len(read_purchases(graph, NOON).user) == 0
    with pytest.raises(ValueError, match="until needs a zone"):
        read_purchases(graph, datetime(2025, 1, 1))


def test_purchases_without_a_time_are_read_only_without_an_end(graph: Graph) -> None:
    load(graph, *(bought(str(i), "ann", p, None) | {"position": i} for i, p in enumerate("ab")))
    read = read_purchases(graph, None)
    assert (read.time.tolist(), sorted(read.place.tolist())) == ([NO_TIME, NO_TIME], [0, 1])
    assert len(read_purchases(graph, NOW).user) == 0


def test_relations_know_nothing_of_what_came_at_or_after_until(graph: Graph) -> None:
    load(graph, *SHOP)
    until = NOON + 2 * DAY
    counts = derive_relations(graph, NOW, until, least_support=1)
    assert counts == {"BOUGHT_WITH": 4, "LEADS_TO": 0, "SIMILAR_TO": 0}
    assert relations(graph, "BOUGHT_WITH") == [
        ("a", "b", 2, NOW, until),
        ("a", "c", 1, NOW, until),
        ("b", "a", 2, NOW, until),
        ("c", "a", 1, NOW, until),
    ]
    counts = derive_relations(graph, LATER, None, least_support=1)
    # Bob's session, then b; ann's order, then c.
    assert relations(graph, "LEADS_TO") == [
        ("a", "b", 1, LATER, None),
        ("a", "c", 1, LATER, None),
        ("b", "c", 1, LATER, None),
        ("c", "b", 1, LATER, None),
    ]
    assert {row[3] for row in relations(graph, "BOUGHT_WITH")} == {LATER}


def test_replacing_relations_takes_all_former_ones_of_the_type_and_no_others(graph: Graph) -> None:
    load(graph, products=[{"product_id": p} for p in "abc"])
    first = sp.csr_array(np.array([[0, 0.5, 0.7], [0.5, 0, 0], [0, 0, 0]], np.float32))
    second = sp.csr_array(np.array([[0, 0, 0], [0, 0, 0.9], [0, 0, 0]], np.float32))
    assert replace_relations(graph, "BOUGHT_WITH", first, first, NOW, None) == 3
    assert replace_relations(graph, "LEADS_TO", first, first, NOW, None) == 3
    assert replace_relations(graph, "BOUGHT_WITH", second, second, LATER, NOON) == 1
    assert relations(graph, "BOUGHT_WITH") == [("b", "c", 0, LATER, NOON)]
    assert [row[:2] for row in relations(graph, "LEADS_TO")] == [("a", "c"), ("a", "b"), ("b", "a")]
    with pytest.raises(ValueError, match="No derived relation 'PURCHASED'"):
        replace_relations(graph, "PURCHASED", first, first, NOW, None)


def test_alike_in_text_follows_the_vectors(graph: Graph) -> None:
    load(graph, products=[{"product_id": p} for p in "abc"])
    for product, vector in {"a": [1.0, 0.0], "b": [0.8, 0.6]}.items():
        query = "MATCH (p:Product {product_id: $p}) SET p.text_vector = $v"
        graph.driver.execute_query(query, p=product, v=vector, database_=graph.database)
    assert derive_relations(graph, NOW, None)["SIMILAR_TO"] == 2
    query = "MATCH (p)-[r:SIMILAR_TO]->(q) RETURN p.product_id, r.weight, r.support"
    rows = graph.driver.execute_query(query, database_=graph.database).records
    assert sorted((row[0], round(row[1], 5), row[2]) for row in rows) == [
        ("a", 0.8, 2),
        ("b", 0.8, 2),
    ]


def profile(graph: Graph, user: str) -> dict[str, Any]:
    query = "MATCH (u:User {user_id: $user}) RETURN properties(u) AS facts"
    facts = graph.driver.execute_query(query, user=user, database_=graph.database).records[0][
        "facts"
    ]
    return {
        key.removeprefix("profile_"): v.to_native() if hasattr(v, "to_native") else v
        for key, v in facts.items()
        if key.startswith("profile_")
    }


def test_a_profile_is_that_of_a_time_and_goes_with_what_it_was_made_of(graph: Graph) -> None:
    brands = [{"product_id": p, "brand": b} for p, b in (("a", "X"), ("b", "X"), ("c", "Y"))]
    load(graph, *SHOP, products=brands)
    assert profile_users(graph, NOW, NOON + 4 * DAY) == 2
    assert profile(graph, "ann") == {
        "until": NOON + 4 * DAY,
        "computed_at": NOW,
        "recency_days": 1.0,
        "frequency": 2,
        "money": 32.0,
        "rfm": "545",
        "price_low": 6.0,
        "price_median": 7.0,
        "price_high": 8.5,
    }
    # No price is known of what bob bought.
    assert profile(graph, "bob") == {
        "until": NOON + 4 * DAY,
        "computed_at": NOW,
        "recency_days": 2.0,
        "frequency": 2,
        "rfm": "340",
    }
    favours = (
        "MATCH (u:User)-[f:FAVOURS]->(b:Brand) "
        "RETURN u.user_id, b.name, f.rank, f.visits, f.share ORDER BY u.user_id"
    )
    rows = graph.driver.execute_query(favours, database_=graph.database).records
    assert [tuple(row) for row in rows] == [("bob", "X", 1, 2, 1.0)]
    # Returned since; before the first purchase nobody has a profile.
    profile_users(graph, LATER, None)
    assert profile(graph, "ann")["money"] == 22.0
    assert profile(graph, "ann")["until"] == NOON + 4 * DAY + timedelta(milliseconds=1)
    assert profile_users(graph, LATER, NOON) == 0
    assert profile(graph, "ann") == profile(graph, "bob") == {}
    assert graph.driver.execute_query(favours, database_=graph.database).records == []
    with pytest.raises(ValueError, match="until needs a zone"):
        read_profile_events(graph, datetime(2025, 1, 1))


def test_a_users_own_column_of_a_profiles_name_is_kept_beside_it(graph: Graph) -> None:
    frame = pd.DataFrame({"user_id": ["ann"], "profile_money": ["plenty"], "line": [2]})
    merge_table(graph, "users", frame, NOW)
    assert profile(graph, "ann") == {"money_": "plenty"}
