from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np

from kg.audiences import LEAST_USERS, read_profile_groups, write_audiences
from kg.connection import Graph
from kg.numbering import number_nodes
from kg.popularity import write_popularity

Ask = Callable[..., list[tuple[Any, ...]]]
PREFERS = "MATCH (a:Audience)-[r:PREFERS]->(p:Product) RETURN a.key, r.rank, p.product_id, r.score"


def products(graph: Graph, ask: Ask) -> None:
    ask("UNWIND ['a', 'b', 'c'] AS id CREATE (:Product {product_id: id})")
    number_nodes(graph, "products")


def test_users_who_share_a_text_of_their_profile_are_a_group(graph: Graph, ask: Ask) -> None:
    ask(
        "UNWIND range(1, $n) AS i CREATE (:User {user_id: 'u' + i, name: 'n' + i, "
        "city: CASE WHEN i < $n THEN 'Rome' ELSE 'Oslo' END, member: true, age: 30, "
        "profile_rfm: '555', ingested_at: datetime()})",
        n=LEAST_USERS + 1,
    )
    number_nodes(graph, "users")
    groups = read_profile_groups(graph)
    # One user alone in Oslo is nobody's audience, nor is a number or what we derived ourselves.
    assert {key: len(users) for key, users in groups.items()} == {
        "city=Rome": LEAST_USERS,
        "member=true": LEAST_USERS + 1,
    }
    assert groups["member=true"].tolist() == list(range(LEAST_USERS + 1))


def test_audiences_are_overwritten_whole(graph: Graph, ask: Ask) -> None:
    products(graph, ask)
    first = ("city=Rome", np.array([2, 0]), np.array([0.5, 0.25], np.float32))
    assert write_audiences(graph, [first, ("city=Oslo", np.array([1]), np.array([1.0]))]) == 2
    again = ("city=Rome", np.array([1]), np.array([0.75], np.float32))
    assert write_audiences(graph, [again]) == 1
    assert ask(PREFERS) == [("city=Rome", 1, "b", 0.75)]
    assert write_audiences(graph, [first]) == 1
    assert sorted(ask(PREFERS)) == [("city=Rome", 1, "c", 0.5), ("city=Rome", 2, "a", 0.25)]


def test_popularity_is_overwritten_with_the_moment_it_held(graph: Graph, ask: Ask) -> None:
    products(graph, ask)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    numbers = np.array([3, 0, 1], np.float32)
    write_popularity(graph, numbers, numbers / 2, None)
    write_popularity(graph, numbers, numbers / 4, at)
    rows = ask("MATCH (p:Product) RETURN p.popularity, p.trend, p.trend_at ORDER BY p.idx")
    assert [(row[0], row[1]) for row in rows] == [(3.0, 0.75), (0.0, 0.0), (1.0, 0.25)]
    assert {row[2].to_native() for row in rows} == {at}
