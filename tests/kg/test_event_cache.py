"""The file of events: whatever happened to the graph, it says what a fresh reading says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kg.connection import Graph
from kg.event_cache import EVENT, CachedEvents, read_events
from kg.read import read_tensors

Ask = Callable[..., list[tuple[Any, ...]]]

BUY = """
UNWIND $pairs AS pair
MATCH (u:User {idx: pair[0]}), (p:Product {idx: pair[1]})
CREATE (u)-[:PURCHASED {
  occurred_at: datetime({epochMillis: $at}), line: pair[1],
  ingested_at: datetime({epochMillis: $at})
}]->(p)
"""


@pytest.fixture
def shop(graph: Graph, ask: Ask) -> Graph:
    ask("UNWIND range(0, 3) AS i CREATE (:User {user_id: 'u' + i, idx: i})")
    ask("UNWIND range(0, 3) AS i CREATE (:Product {product_id: 'p' + i, idx: i})")
    ask(BUY, pairs=[[0, 0], [0, 1], [1, 1], [2, 2]], at=1000)
    ask("MATCH (u:User {idx: 1}), (p:Product {idx: 3}) CREATE (u)-[:VIEWED {position: 5}]->(p)")
    return graph


def events(cached: CachedEvents) -> list[tuple[Any, ...]]:
    return sorted(
        (kind, *row)
        for kind, columns in cached.kinds.items()
        for row in np.stack([columns[name] for name in EVENT], axis=1).tolist()
    )


def check(shop: Graph, folder: Path, users_read: int, events_read: int) -> None:
    """Read with the file, compare with a fresh one, and count what was asked of the graph."""
    cached = read_events(shop, folder, 4)
    fresh = read_events(shop, folder / "fresh" / str(len(list(folder.iterdir()))), 4)
    assert events(cached) == events(fresh)
    assert (cached.users_read, cached.events_read) == (users_read, events_read)


def test_only_users_with_other_events_are_read_again(shop: Graph, ask: Ask, tmp_path: Path) -> None:
    check(shop, tmp_path, 4, 5)
    check(shop, tmp_path, 0, 0)
    ask(BUY, pairs=[[0, 2], [3, 3]], at=2000)
    check(shop, tmp_path, 2, 4)
    # One goes, another comes: the number is the same, the load is not.
    ask("MATCH (:User {idx: 0})-[e:PURCHASED]->(:Product {idx: 2}) DELETE e")
    ask(BUY, pairs=[[0, 3]], at=3000)
    check(shop, tmp_path, 1, 3)
    ask("MATCH (u:User {idx: 0}) DETACH DELETE u")
    ask("MATCH (p:Product {idx: 1}) DETACH DELETE p")
    check(shop, tmp_path, 2, 0)


def test_a_damaged_file_or_that_of_another_store_is_as_good_as_none(
    shop: Graph, tmp_path: Path
) -> None:
    check(shop, tmp_path, 4, 5)
    (tmp_path / "events.npz").write_bytes(b"no archive")
    check(shop, tmp_path, 4, 5)
    with np.load(tmp_path / "events.npz") as kept:
        columns = {name: kept[name] for name in kept.files}
    np.savez(tmp_path / "events.npz", **columns | {"store": np.array("another")})
    check(shop, tmp_path, 4, 5)


def test_tensors_are_the_same_with_the_file_and_without(shop: Graph, tmp_path: Path) -> None:
    for until in (None, datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)):
        plain = read_tensors(shop, until).data
        cached = read_tensors(shop, until, cache=tmp_path).data
        assert plain.edge_types == cached.edge_types
        for edge in plain.edge_types:
            # In which order one user's events come is the server's affair: times and places tell.
            first, second = (
                sorted(
                    zip(*of.edge_index.tolist(), of.time.tolist(), of.place.tolist(), strict=True)
                )
                for of in (plain[edge], cached[edge])
            )
            assert first == second
            assert plain[edge].ordered == cached[edge].ordered
        assert cached["user", "purchase", "product"].ingested.tolist() == [1000] * 4
