"""The graph as of a cutoff as PyG tensors.

Every statement that a training read uses takes ``$until`` and answers with what was known before
it: ``kg.facts`` says what that is for facts. A test runs each of them on two graphs that differ
only in what came later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch_geometric.data import HeteroData

from kg.connection import Graph
from kg.event_cache import read_events
from kg.parallel import in_order
from kg.records import KINDS, NO_TIME, RELATIONSHIPS
from kg.until import check_zone

PAGE_ROWS = 1_000

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: Typed edges besides events: (source, relation, target) and the statement that reads them.
LINKS = {
    ("product", "made_by", "brand"): "read/product_brands",
    ("product", "in_category", "category"): "read/product_categories",
    ("product", "has_attribute", "attribute"): "read/product_attributes",
    ("category", "subcategory_of", "category"): "read/category_parents",
    ("product", "related_to", "product"): "read/product_relations",
    ("user", "follows", "user"): "read/follows",
}

COUNTS = {
    "user": "users",
    "product": "products",
    "brand": "brands",
    "category": "categories",
    "attribute": "attributes",
}

Progress = Callable[[int], None]


@dataclass(frozen=True)
class ShopTensors:
    """The graph as tensors, and the keys of their rows.

    ``data`` holds, for every kind of event that occurs, ``data["user", kind, "product"]`` with
    ``edge_index`` (2, E), ``time`` (E,) int64 milliseconds or ``NO_TIME``, ``place`` (E,) int64
    (position, else line) and whether all are ``ordered``, by a time or a position; the typed edges
    of ``LINKS``; ``data["product"].text`` (P, D) float32 with zero rows where
    ``data["product"].has_text`` (P,) is false; ``data["product"].offered`` (P,) bool: in stock
    and not delisted. A row whose user or product was deleted, or not known before ``until``, has
    the empty key and nothing else.
    """

    data: HeteroData
    user_ids: list[str]
    product_ids: list[str]
    until: datetime | None


def read_newest_event(graph: Graph) -> datetime | None:
    """The time of the newest event, None where no event has a time."""
    newest = graph.read_packed("read/newest_event")[0]["newest_ms"]
    return None if newest is None else datetime.fromtimestamp(newest / 1000, UTC)


def read_tensors(
    graph: Graph,
    until: datetime | None,
    progress: Progress | None = None,
    cache: Path | None = None,
) -> ShopTensors:
    """Read nodes, features and typed edges as they were known before ``until``.

    Of events only those before it are read, and none without a time; what else has no time was
    always so. ``until=None`` reads everything as it is now. With a folder as ``cache`` only events
    of users who did something since it was last used are read from the graph, and each kind of
    event also tells when it came in: ``ingested`` (E,) int64 milliseconds.

    Raises:
        ValueError: ``until`` has no zone.
    """
    check_zone(until)
    counts = graph.read_packed("read/count_rows")[0]
    data = HeteroData()
    for label, name in COUNTS.items():
        data[label].num_nodes = counts[name]
    user_ids = _read_ids(graph, "read/users", counts["users"], until, {})
    offered = np.zeros(counts["products"], np.bool_)
    flags = {"offered": offered}
    product_ids = _read_ids(graph, "read/products", counts["products"], until, flags)
    data["product"].offered = torch.from_numpy(offered)
    data["product"].text, data["product"].has_text = read_text_vectors(
        graph, counts["products"], until
    )
    if cache is None:
        behaviour = read_behaviour(graph, counts["users"], until, progress)
    else:
        known = read_events(graph, cache, counts["users"], progress).kinds
        behaviour = {kind: _known_events(columns, until) for kind, columns in known.items()}
    for kind, events in behaviour.items():
        if len(events["user"]):
            store = data["user", kind, "product"]
            if cache is not None:
                store.ingested = torch.from_numpy(events["ingested_ms"])
            store.edge_index = torch.from_numpy(np.stack([events["user"], events["product"]]))
            store.time = torch.from_numpy(events["time_ms"])
            store.place = torch.from_numpy(events["place"])
            store.ordered = int(events["placed"].sum()) == len(events["user"])
    for edge_type, name in LINKS.items():
        row = graph.read_packed(name, until=until)[0]
        if row["source"]:
            pair = np.array([row["source"], row["target"]], np.int64)
            data[edge_type].edge_index = torch.from_numpy(pair)
    if until is not None:
        _keep_known_parents(data)
    return ShopTensors(data, user_ids, product_ids, until)


def read_behaviour(
    graph: Graph, users: int, until: datetime | None, progress: Progress | None = None
) -> dict[str, dict[str, np.ndarray[Any, Any]]]:
    """The events of every kind before ``until``, as columns: user, product, time_ms, place, placed.

    In the order of users; ``users`` is how many tensor rows they have.
    """
    return {
        kind: _read_events(graph, RELATIONSHIPS[kind], users, until, progress) for kind in KINDS
    }


def read_pages(rows: int) -> Iterator[dict[str, int]]:
    """Bounds of pages of tensor rows, as the parameters ``from`` and ``to``."""
    for start in range(0, rows, PAGE_ROWS):
        yield {"from": start, "to": start + PAGE_ROWS}


def _vector(stored: bytes | list[float]) -> np.ndarray[Any, Any]:
    """A vector as it was written: packed, or by somebody else as a list."""
    if isinstance(stored, bytes):
        return np.frombuffer(stored, "<f4")
    return np.asarray(stored, np.float32)


def _read_ids(
    graph: Graph,
    name: str,
    rows: int,
    until: datetime | None,
    flags: dict[str, np.ndarray[Any, Any]],
) -> list[str]:
    ids = [""] * rows
    pages = read_pages(rows)
    for record in in_order(lambda page: graph.read_packed(name, until=until, **page)[0], pages):
        for idx, key in zip(record["idx"], record["id"], strict=True):
            ids[idx] = key
        for flag, values in flags.items():
            values[record["idx"]] = record[flag]
    return ids


def _keep_known_parents(data: HeteroData) -> None:
    """Leave of the category tree what is above the categories that products are in.

    A path's parents follow from the path: only that somebody used it is news.
    """
    tree, used = ("category", "subcategory_of", "category"), ("product", "in_category", "category")
    if tree not in data.edge_types:
        return
    child, parent = data[tree].edge_index
    known = torch.zeros(data["category"].num_nodes, dtype=torch.bool)
    if used in data.edge_types:
        known[data[used].edge_index[1]] = True
    # Each round knows one level more; a cycle in dirty data adds nothing.
    while (above := known.clone().index_fill_(0, parent[known[child]], True)).ne(known).any():
        known = above
    if known[child].any():
        data[tree].edge_index = data[tree].edge_index[:, known[child]]
    else:
        del data[tree]


def read_text_vectors(
    graph: Graph, products: int, until: datetime | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Text vectors (P, D) and which rows have one (P,); D is 0 where no product has text."""
    found: dict[int, np.ndarray[Any, Any]] = {}

    def read(page: dict[str, int]) -> list[dict[str, Any]]:
        return graph.read_packed("read/text_vectors", until=until, **page)

    for records in in_order(read, read_pages(products)):
        found |= {record["idx"]: _vector(record["vector"]) for record in records}
    width = len(next(iter(found.values()))) if found else 0
    text = torch.zeros(products, width)
    has_text = torch.zeros(products, dtype=torch.bool)
    if found:
        rows = torch.tensor(list(found))
        text[rows] = torch.from_numpy(np.stack(list(found.values())))
        has_text[rows] = True
    return text, has_text


def _filled(packed: dict[str, Any]) -> dict[str, Any] | None:
    """A page with what is absent put in; None where only some events of it have a value.

    Most pages are all or none, and what is not sent need not be read: it is the faster by half.
    """
    count = len(packed["user"])
    times, places, positions = len(packed["time_ms"]), len(packed["place"]), packed["positions"]
    if not {times, places, positions} <= {0, count}:
        return None
    time_ms = packed["time_ms"] or np.full(count, NO_TIME)
    placed = count if times or positions else 0
    return {
        "user": packed["user"],
        "product": packed["product"],
        "time_ms": time_ms,
        "place": packed["place"] or np.zeros(count, np.int64),
        "placed": placed,
    }


def _known_events(
    events: dict[str, np.ndarray[Any, Any]], until: datetime | None
) -> dict[str, np.ndarray[Any, Any]]:
    if until is None:
        return events
    until_ms = (until - EPOCH) // timedelta(milliseconds=1)
    known = (events["time_ms"] != NO_TIME) & (events["time_ms"] < until_ms)
    return {name: column[known] for name, column in events.items()}


def _read_events(
    graph: Graph, type_: str, users: int, until: datetime | None, progress: Progress | None
) -> dict[str, np.ndarray[Any, Any]]:
    until_ms = None if until is None else (until - EPOCH) // timedelta(milliseconds=1)
    empty = np.zeros(0, np.int64)
    parts = {name: [empty] for name in ("user", "product", "time_ms", "place", "placed")}
    fixed = {"type": type_, "until_ms": until_ms}

    def read(page: dict[str, int]) -> dict[str, Any]:
        packed = graph.read_packed("read/events_packed", **fixed, **page)[0]
        return (
            _filled(packed) or graph.read_packed("read/events", no_time=NO_TIME, **fixed, **page)[0]
        )

    for record in in_order(read, read_pages(users)):
        for name, part in parts.items():
            part.append(np.atleast_1d(np.asarray(record[name], np.int64)))
        if progress is not None:
            progress(len(record["user"]))
    return {name: np.concatenate(part) for name, part in parts.items()}
