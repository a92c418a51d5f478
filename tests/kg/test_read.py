from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from kg import read
from kg.connection import Graph
from kg.read import read_newest_event, read_tensors
from kg.records import KINDS, NO_TIME
from kg.vectors import clear_text_vectors, read_product_texts, write_text_vectors
from kg.write import finish_load, merge_table

NOW = datetime(2026, 1, 1, tzinfo=UTC)
START = datetime(2025, 6, 1, 12, 0, 0, 7000, tzinfo=UTC)
START_MS = 1_748_779_200_007

Ask = Callable[..., list[tuple[Any, ...]]]
Event = tuple[int, int, int, int]


def add(graph: Graph, *rows: tuple[str, str, str, datetime | None, int | None]) -> None:
    """Load events: user, product, kind, time, position; lines count from 2."""
    names = ["user_id", "product_id", "kind", "occurred_at", "position"]
    made = pd.DataFrame(rows, columns=names)
    made["occurred_at"] = pd.to_datetime(made["occurred_at"], utc=True)
    made["position"] = made["position"].astype("Int64")
    made["line"] = range(2, len(made) + 2)
    made["interaction_id"] = [f"{row}" for row in rows]
    merge_table(graph, "interactions", made, NOW)
    finish_load(graph)


def events(graph: Graph, kind: str, until: datetime | None = None) -> list[Event]:
    """What is read of one kind: user, product, time, place, sorted."""
    data = read_tensors(graph, until).data
    if ("user", kind, "product") not in data.edge_types:
        return []
    store = data["user", kind, "product"]
    assert {t.dtype for t in (store.edge_index, store.time, store.place)} == {torch.int64}
    columns = [*store.edge_index.tolist(), store.time.tolist(), store.place.tolist()]
    return sorted(zip(*columns, strict=True))


def test_an_empty_graph_gives_empty_tensors(graph: Graph) -> None:
    tensors = read_tensors(graph, None)
    assert (tensors.user_ids, tensors.product_ids, tensors.until) == ([], [], None)
    assert tensors.data.edge_types == []
    assert tensors.data["product"].text.shape == (0, 0)
    assert {name: tensors.data[name].num_nodes for name in read.COUNTS} == dict.fromkeys(
        read.COUNTS, 0
    )
    assert read_newest_event(graph) is None


def test_each_kind_of_event_has_its_own_edges(graph: Graph) -> None:
    rows = [(f"u{i}", f"p{len(KINDS) - i}", kind, START, None) for i, kind in enumerate(KINDS)]
    add(graph, *rows)
    tensors = read_tensors(graph, None)
    assert tensors.user_ids == [f"u{i}" for i in range(len(KINDS))]
    assert tensors.product_ids == [f"p{i + 1}" for i in range(len(KINDS))]
    for i, kind in enumerate(KINDS):
        store = tensors.data["user", kind, "product"]
        assert store.edge_index.tolist() == [[i], [len(KINDS) - 1 - i]]
        assert store.time.tolist() == [START_MS]
        assert store.place.tolist() == [i + 2]
        assert store.ordered is True


def test_until_is_half_open_to_the_millisecond(graph: Graph) -> None:
    moment = timedelta(milliseconds=1)
    add(
        graph,
        ("u", "p", "view", START - moment, None),
        ("u", "p", "view", START, None),
        ("u", "p", "view", None, 3),
    )
    before, at, untimed = (0, 0, START_MS - 1, 2), (0, 0, START_MS, 3), (0, 0, NO_TIME, 3)
    assert events(graph, "view", START - moment) == []
    assert events(graph, "view", START) == [before]
    assert events(graph, "view", START + moment) == [before, at]
    assert events(graph, "view", None) == [untimed, before, at]


def test_a_cutoff_without_a_zone_is_refused(graph: Graph) -> None:
    with pytest.raises(ValueError, match=r"^until needs a zone \(got 2025-06-01T00:00:00\)$"):
        read_tensors(graph, datetime(2025, 6, 1))


@pytest.mark.parametrize("milliseconds", [1, 3, 123, 570, 999])
def test_no_millisecond_of_until_is_lost_to_rounding(graph: Graph, milliseconds: int) -> None:
    moment = datetime(2011, 9, 1, 13, 2, 1, milliseconds * 1000, tzinfo=UTC)
    add(graph, ("u", "p", "view", moment - timedelta(milliseconds=1), None))
    assert len(events(graph, "view", moment)) == 1


def test_events_of_before_1970_are_read(graph: Graph) -> None:
    old = datetime(1950, 1, 1, tzinfo=UTC)
    add(graph, ("u", "p", "view", old, None))
    assert events(graph, "view", START) == [(0, 0, int(old.timestamp()) * 1000, 2)]
    assert read_newest_event(graph) == old


def test_the_place_is_the_position_else_the_line(graph: Graph) -> None:
    add(graph, ("u", "p", "view", None, 40), ("u", "q", "view", None, None))
    assert events(graph, "view") == [(0, 0, NO_TIME, 40), (0, 1, NO_TIME, 3)]


@pytest.mark.parametrize(
    ("time", "position", "ordered"),
    [(START, None, True), (None, 0, True), (START, 1, True), (None, None, False)],
)
def test_events_are_ordered_when_each_has_a_time_or_a_position(
    graph: Graph, time: datetime | None, position: int | None, ordered: bool
) -> None:
    add(graph, ("u", "p", "view", START, None), ("u", "q", "view", time, position))
    assert read_tensors(graph, None).data["user", "view", "product"].ordered is ordered


def test_the_newest_event_is_that_of_any_kind_but_reviews(graph: Graph) -> None:
    add(graph, ("u", "p", "purchase", START, None), ("u", "p", "view", START.replace(day=2), None))
    review = {"user_id": "u", "product_id": "p", "occurred_at": pd.Timestamp("2026-01-01", tz=UTC)}
    made = pd.DataFrame([review | {"interaction_id": "r", "line": 2}])
    merge_table(graph, "reviews", made, NOW)
    assert read_newest_event(graph) == START.replace(day=2)


def test_deleted_nodes_leave_holes_and_nothing_moves(graph: Graph, ask: Ask) -> None:
    add(
        graph,
        *((f"u{i}", f"p{i}", "view", START, None) for i in range(3)),
        ("u2", "p0", "view", START, None),
    )
    ask("MATCH (n) WHERE n.user_id = 'u1' OR n.product_id = 'p1' DETACH DELETE n")
    tensors = read_tensors(graph, None)
    assert tensors.user_ids == ["u0", "", "u2"]
    assert tensors.product_ids == ["p0", "", "p2"]
    assert tensors.data["user"].num_nodes == tensors.data["product"].num_nodes == 3
    assert tensors.data["product"].offered.tolist() == [True, False, True]
    assert [event[:2] for event in events(graph, "view")] == [(0, 0), (2, 0), (2, 2)]


def test_what_a_load_has_not_numbered_yet_is_not_read(graph: Graph, ask: Ask) -> None:
    add(graph, ("u", "p", "view", START, None))
    ask(
        "MATCH (u:User {user_id: 'u'}), (p:Product {product_id: 'p'}) "
        "CREATE (u)-[:VIEWED {occurred_at: datetime()}]->(q:Product {product_id: 'q'}), "
        "(:User {user_id: 'v'})-[:VIEWED {occurred_at: datetime()}]->(p), "
        "(q)-[:MADE_BY]->(:Brand {name: 'b'}), (q)-[:RELATED_TO]->(p)"
    )
    assert events(graph, "view") == [(0, 0, START_MS, 2)]
    tensors = read_tensors(graph, None)
    assert (tensors.user_ids, tensors.product_ids) == (["u"], ["p"])
    assert tensors.data.edge_types == [("user", "view", "product")]


def test_what_is_sold_out_or_delisted_is_not_offered(graph: Graph) -> None:
    rows = {
        "product_id": list("abcd"),
        "stock": [1, 0, None, 5],
        "delisted": [None, None, None, True],
    }
    made = pd.DataFrame(rows).astype({"stock": "Int64", "delisted": "boolean"})
    merge_table(graph, "products", made, NOW)
    finish_load(graph)
    assert read_tensors(graph, None).data["product"].offered.tolist() == [True, False, True, False]


def test_links_are_read_by_type(graph: Graph) -> None:
    products = pd.DataFrame(
        {
            "product_id": ["p", "q"],
            "brand": ["y", "x"],
            "category": [["A > B"], ["A", "A > B"]],
            "attributes": [["n", "m"], ["m"]],
        }
    )
    merge_table(graph, "products", products, NOW)
    follows = pd.DataFrame({"user_id": ["v", "u"], "follows_id": ["u", "w"]})
    merge_table(graph, "follows", follows, NOW)
    relations = pd.DataFrame({"product_id": ["p", "p"], "relation": ["r", "s"], "other_id": "q"})
    merge_table(graph, "relations", relations, NOW)
    finish_load(graph)
    data = read_tensors(graph, START).data
    pairs = {
        kind: sorted(zip(*data[kind].edge_index.tolist(), strict=True)) for kind in data.edge_types
    }
    assert pairs == {
        ("product", "made_by", "brand"): [(0, 1), (1, 0)],
        ("product", "in_category", "category"): [(0, 1), (1, 0), (1, 1)],
        ("product", "has_attribute", "attribute"): [(0, 0), (0, 1), (1, 0)],
        ("category", "subcategory_of", "category"): [(1, 0)],
        ("product", "related_to", "product"): [(0, 1), (0, 1)],
        ("user", "follows", "user"): [(0, 2), (1, 0)],
    }
    counts = {name: data[name].num_nodes for name in read.COUNTS}
    assert counts == {"user": 3, "product": 2, "brand": 2, "category": 2, "attribute": 2}


def test_pages_join_without_a_seam(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    add(graph, *((f"u{i}", f"p{6 - i}", "view", START, None) for i in range(7)))
    whole = events(graph, "view")
    monkeypatch.setattr(read, "PAGE_ROWS", 2)
    assert events(graph, "view") == whole == [(i, 6 - i, START_MS, i + 2) for i in range(7)]
    assert read_tensors(graph, None).user_ids == [f"u{i}" for i in range(7)]
    told: list[int] = []
    read_tensors(graph, None, told.append)
    assert sum(told) == 7


def test_text_vectors_are_read_where_there_are_any(graph: Graph) -> None:
    merge_table(graph, "products", pd.DataFrame({"product_id": list("abc")}), NOW)
    finish_load(graph)
    vectors = np.array([[0.6, 0.8], [1.0, 0.0]], np.float32)
    write_text_vectors(graph, [2, 0], vectors, ["h2", "h0"], "model")
    data = read_tensors(graph, None).data["product"]
    assert data.has_text.tolist() == [True, False, True]
    torch.testing.assert_close(data.text, torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.6, 0.8]]))
    clear_text_vectors(graph, [0], ["empty"], "model")
    assert read_tensors(graph, None).data["product"].has_text.tolist() == [False, False, True]
    texts = {text.idx: (text.text_hash, text.text_model) for text in read_product_texts(graph)}
    assert texts == {0: ("empty", "model"), 1: (None, None), 2: ("h2", "model")}


def test_what_a_product_says_of_itself_is_sorted(graph: Graph) -> None:
    row = {
        "product_id": "p",
        "title": "Hat",
        "description": "Warm",
        "brand": "Ann",
        "category": ["B", "A > C"],
        "attributes": ["y", "x=1"],
    }
    merge_table(
        graph,
        "products",
        pd.DataFrame([row, {"product_id": "q", "category": [], "attributes": []}]),
        NOW,
    )
    finish_load(graph)
    full, bare = read_product_texts(graph)
    assert (full.title, full.description, full.brand) == ("Hat", "Warm", "Ann")
    assert (full.categories, full.attributes) == (["A > C", "B"], ["x=1", "y"])
    assert (bare.idx, bare.title, bare.brand, bare.categories) == (1, None, None, [])


def test_of_users_without_times_and_positions_nothing_is_sent_and_all_is_read(graph: Graph) -> None:
    add(
        graph,
        ("told", "p", "purchase", START, None),
        ("told", "q", "purchase", None, None),
        ("placed", "q", "purchase", None, 7),
        ("silent", "p", "purchase", None, None),
        ("silent", "q", "purchase", None, None),
    )
    data = read_tensors(graph, None)
    store = data.data["user", "purchase", "product"]
    found = {
        (data.user_ids[u], data.product_ids[p]): (time, place)
        for u, p, time, place in zip(
            *store.edge_index.tolist(), store.time.tolist(), store.place.tolist(), strict=True
        )
    }
    assert found == {
        ("told", "p"): (START_MS, 2),
        ("told", "q"): (NO_TIME, 3),
        ("placed", "q"): (NO_TIME, 7),
        ("silent", "p"): (NO_TIME, 0),
        ("silent", "q"): (NO_TIME, 0),
    }
    assert not store.ordered


def test_words_that_products_share_are_edges_page_by_page(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = {
        "product_id": list("abcd"),
        "title": ["Blue mug", None, "blue hat", "Pan"],
        "description": [None, "A MUG to drink from", "", "a lid"],
    }
    merge_table(graph, "products", pd.DataFrame(titles), NOW)
    finish_load(graph)
    for rows in (1_000, 3):
        monkeypatch.setattr(read, "PAGE_ROWS", rows)
        data = read_tensors(graph, None).data
        assert data["word"].word == ["a", "blue", "mug"]
        assert data["word"].num_nodes == 3
        edges = data["product", "says", "word"].edge_index.T.tolist()
        assert sorted(edges) == [[0, 1], [0, 2], [1, 0], [1, 2], [2, 1], [3, 0]]
