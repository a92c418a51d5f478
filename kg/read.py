"""The graph as of a cutoff as PyG tensors.

Every statement that a training read uses takes ``$until`` and answers with what was known before
it: ``kg.facts`` says what that is for facts. A test runs each of them on two graphs that differ
only in what came later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
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
from kg.words import shared_words

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
    (position, else line; 0 or line of users none of whose events has an order) and whether all are
    ``ordered``, by a time or a position; the typed edges of ``LINKS``, and of products to the
    words that they share, ``data["word"].word`` (W,) strings;
    ``data["product"].text`` (P, D) float32 with zero rows where
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
    said, words = shared_words(_read_texts(graph, counts["products"], until))
    data["word"].num_nodes, data["word"].word = len(words), words
    if words:
        data["product", "says", "word"].edge_index = torch.from_numpy(said)
    if until is not None:
        _keep_known_parents(data)
    return ShopTensors(data, user_ids, product_ids, until)


def read_behaviour(
    graph: Graph, users: int, until: datetime | None, progress: Progress | None = None
) -> dict[str, dict[str, np.ndarray[Any, Any]]]:
    """The events of every kind before ``until``, as columns: user, product, time_ms, place, placed.

    In the order of users; ``users`` is how many tensor rows they have.
    """
    there = graph.read_packed("read/count_events")[0]["events"]
    rows = {kind: users if there[RELATIONSHIPS[kind]] else 0 for kind in KINDS}
    return {
        kind: _read_events(graph, RELATIONSHIPS[kind], rows[kind], until, progress)
        for kind in KINDS
    }


def read_pages(rows: int) -> Iterator[dict[str, int]]:
    """Bounds of pages of tensor rows, as the parameters ``from`` and ``to``."""
    for start in range(0, rows, PAGE_ROWS):
        yield {"from": start, "to": start + PAGE_ROWS}


def _matrix(stored: list[bytes | list[float]]) -> np.ndarray[Any, Any]:
    """Vectors as they were written: packed, or by somebody else as lists; float32, a row each."""
    if not stored:
        return np.zeros((0, 0), np.float32)
    if all(isinstance(vector, bytes) for vector in stored):
        return np.frombuffer(b"".join(stored), "<f4").reshape(len(stored), -1)  # type: ignore[arg-type]
    rows = (np.frombuffer(v, "<f4") if isinstance(v, bytes) else v for v in stored)
    return np.stack([np.asarray(row, np.float32) for row in rows])


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

    def read(page: dict[str, int]) -> tuple[list[int], np.ndarray[Any, Any]]:
        if until is None:
            packed = graph.read_packed("read/present_text_vectors", **page)[0]
            return packed["idx"], _matrix(packed["vector"])
        rows = graph.read_packed("read/text_vectors", until=until, **page)
        return [row["idx"] for row in rows], _matrix([row["vector"] for row in rows])

    pages = [page for page in in_order(read, read_pages(products)) if page[0]]
    has_text = torch.zeros(products, dtype=torch.bool)
    if not pages:
        return torch.zeros(products, 0), has_text
    at = torch.tensor([idx for page in pages for idx in page[0]])
    vectors = torch.from_numpy(np.concatenate([page[1] for page in pages]))
    text = torch.zeros(products, vectors.shape[1]).index_copy_(0, at, vectors)
    has_text[at] = True
    return text, has_text


def _read_texts(graph: Graph, products: int, until: datetime | None) -> Iterator[str]:
    """Title and description of every product, by tensor row; empty where there are none."""

    def read(page: dict[str, int]) -> list[str]:
        record = graph.read_packed("read/product_words", until=until, **page)[0]
        texts = [""] * PAGE_ROWS
        for idx, text in zip(record["idx"], record["text"], strict=True):
            texts[idx - page["from"]] = text
        return texts[: products - page["from"]]

    for texts in in_order(read, read_pages(products)):
        yield from texts


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
    fixed = {"type": type_, "until_ms": until_ms, "no_time": NO_TIME}

    def read(page: dict[str, int]) -> dict[str, np.ndarray[Any, Any]]:
        return _flat(graph.read_packed("read/events", **fixed, **page)[0])

    parts = [_flat({"user": [], "product": [], "time_ms": [], "place": [], "placed": 0})]
    for part in in_order(read, read_pages(users)):
        parts.append(part)
        if progress is not None:
            progress(len(part["user"]))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _flat(page: dict[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    """A page of lists as columns, with what was not sent put in."""
    counts = [len(own) for own in page["product"]]
    columns = {"user": np.repeat(np.asarray(page["user"], np.int64), counts)}
    for name, absent in (("product", 0), ("time_ms", NO_TIME), ("place", 0)):
        if any(page[name]):
            own = (sent or [absent] * count for sent, count in zip(page[name], counts, strict=True))
            columns[name] = np.fromiter(chain.from_iterable(own), np.int64, sum(counts))
        else:
            columns[name] = np.full(sum(counts), absent, np.int64)
    return columns | {"placed": np.array([page["placed"]], np.int64)}
