from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kg import events as events_module
from kg import known as known_module
from kg.connection import Graph
from kg.events import EventMerger
from kg.known import ORDERS, KnownEvents, read_known_events
from kg.records import RELATIONSHIPS
from kg.write import finish_load

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)

NOTHING = KnownEvents(lambda _: np.zeros(0, np.uint64), {}, room=0)

Ask = Callable[..., list[tuple[Any, ...]]]


def purchases(count: int, start: int = 0) -> pd.DataFrame:
    """Purchases of orders by 50 users, some by guests, of 20 products."""
    rows = np.arange(start, start + count)
    users = pd.array([f"u{n * 7 % 50}" for n in rows], dtype="str")
    return pd.DataFrame(
        {
            "user_id": pd.Series(users).mask(rows % 9 == 0),
            "product_id": pd.array([f"p{n * 3 % 20}" for n in rows], dtype="str"),
            "kind": pd.array(["purchase"] * count, dtype="str"),
            "order_id": pd.array([f"o{n // 9}" for n in rows], dtype="str"),
            "price": rows / 4,
            "interaction_id": pd.array([f"e{n}" for n in rows], dtype="str"),
            "line": rows + 2,
        }
    )


EVENTS = (
    "MATCH (u:User)-[e:PURCHASED]->(p:Product) "
    "RETURN e.interaction_id, u.user_id, p.product_id, e.price, e.order_id"
)
LINES = (
    "MATCH (o:Order)-[c:CONTAINS]->(p:Product) "
    "RETURN c.interaction_id, o.order_id, p.product_id, c.price"
)


def expected(frame: pd.DataFrame) -> tuple[set[tuple[Any, ...]], set[tuple[Any, ...]]]:
    known = frame[frame["user_id"].notna()]
    ids = ["interaction_id", "user_id", "product_id", "price", "order_id"]
    lines = ["interaction_id", "order_id", "product_id", "price"]
    return (
        set(known[ids].itertuples(index=False, name=None)),
        set(frame[lines].itertuples(index=False, name=None)),
    )


@pytest.mark.parametrize("known", [None, NOTHING])
def test_two_writers_write_every_row_once(
    graph: Graph, ask: Ask, monkeypatch: pytest.MonkeyPatch, known: KnownEvents | None
) -> None:
    monkeypatch.setattr(events_module, "SPLIT_ROWS", 10)
    monkeypatch.setattr(events_module, "BATCH_ROWS", 64)
    frame = purchases(1_000)
    merger = EventMerger(graph, known)
    assert merger.merge_interactions(frame, NOW) == 1_000
    rows, lines = ask(EVENTS), ask(LINES)
    assert (set(rows), set(lines)) == expected(frame)
    assert (len(rows), len(lines)) == (888, 1_000)
    placed = frame.dropna(subset="user_id")[["user_id", "order_id"]].drop_duplicates()
    assert ask("MATCH (:User)-[r:PLACED]->(:Order) RETURN count(r)") == [(len(placed),)]


def test_what_came_since_it_was_read_is_not_written_twice(graph: Graph, ask: Ask) -> None:
    assert EventMerger(graph).merge_interactions(purchases(30), NOW) == 30
    # This one believes that the graph is empty.
    assert EventMerger(graph, NOTHING).merge_interactions(purchases(30, start=20), LATER) == 20
    assert ask("MATCH ()-[e:PURCHASED]->() RETURN count(e), count(DISTINCT e.interaction_id)") == [
        (44, 44)
    ]
    assert ask("MATCH ()-[e:CONTAINS]->() RETURN count(e)") == [(50,)]


@pytest.mark.parametrize("there", [(0, 5), (250, 300), (0, 300), (0, 0)], ids=str)
def test_what_is_there_of_a_graph_that_was_not_read_is_not_written_twice(
    graph: Graph, ask: Ask, monkeypatch: pytest.MonkeyPatch, there: tuple[int, int]
) -> None:
    """Rows that are there may come among the first, which are looked up, or behind them."""
    monkeypatch.setattr(events_module, "PROBED", 50)
    monkeypatch.setattr(events_module, "ASKED", 70)
    monkeypatch.setattr(events_module, "SPLIT_ROWS", 10)
    monkeypatch.setattr(events_module, "BATCH_ROWS", 64)
    rows = purchases(300)
    start, end = there
    before = EventMerger(graph, NOTHING)
    first = before.merge_interactions(rows.iloc[start:end], NOW)
    second = EventMerger(graph).merge_interactions(rows, LATER)
    assert (first, second) == (end - start, 300 - (end - start))
    assert (set(ask(EVENTS)), set(ask(LINES))) == expected(rows)
    counts = ask("MATCH ()-[e:PURCHASED]->() RETURN count(e), count(DISTINCT e.interaction_id)")
    named = int(rows["user_id"].notna().sum())
    assert counts == [(named, named)]


def test_the_events_that_the_graph_has_are_known(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known_module, "PAGE_ROWS", 7)
    EventMerger(graph).merge_interactions(purchases(100), NOW)
    finish_load(graph)
    # 88 purchases of 50 users and 100 lines with 20 products: 88 + 200 + 100 + 80.
    known = read_known_events(graph, expected=117)
    assert known.complete("PURCHASED")
    assert known.complete("VIEWED")
    frame = purchases(20, start=90)
    named = frame["user_id"].notna().to_numpy()
    there = np.arange(90, 110) < 100
    assert known.mask("PURCHASED", frame["interaction_id"]).tolist() == (there & named).tolist()
    assert known.mask("CONTAINS", frame["interaction_id"]).tolist() == there.tolist()
    assert not known.mask("VIEWED", frame["interaction_id"]).any()
    merger = EventMerger(graph, known)
    assert merger.merge_interactions(purchases(100), LATER) == 0
    assert merger.merge_interactions(frame, LATER) == 10


def test_a_large_graph_is_not_read_for_a_few_rows(graph: Graph) -> None:
    EventMerger(graph).merge_interactions(purchases(100), NOW)
    finish_load(graph)
    known = read_known_events(graph, expected=71)
    assert not known.complete("PURCHASED")
    assert read_known_events(graph, expected=72).complete("PURCHASED")
    # Nobody has viewed anything yet: that is known without reading.
    assert known.complete("VIEWED")
    assert EventMerger(graph, known).merge_interactions(purchases(10, start=95), LATER) == 5


def test_what_a_load_does_not_have_is_not_read(graph: Graph) -> None:
    read: list[str] = []

    def nothing(type_: str) -> np.ndarray:
        read.append(type_)
        return np.zeros(0, np.uint64)

    costs = dict.fromkeys((*RELATIONSHIPS.values(), ORDERS), 1)
    merger = EventMerger(graph, KnownEvents(nothing, costs, room=100))
    views = purchases(20).dropna(subset="user_id").assign(kind="view")
    assert merger.merge_interactions(views, NOW) == len(views)
    assert read == ["VIEWED"]


def test_an_empty_graph_is_known_completely(graph: Graph) -> None:
    known = read_known_events(graph, expected=0)
    assert all(known.complete(type_) for type_ in (*RELATIONSHIPS.values(), ORDERS))
