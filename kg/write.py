"""Cleaned tables into the graph: repeatable, nodes before relationships."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pandas as pd

from kg.connection import Graph
from kg.corrections import retract_changed
from kg.events import EventMerger, parameters
from kg.leaving import merge_deletions
from kg.numbering import number_nodes
from kg.products import merge_products
from kg.records import TABLES
from kg.rows import extras, property_rows, renamed

BATCH_ROWS = 10_000


def merge_table(
    graph: Graph, table: str, frame: pd.DataFrame, now: datetime, events: EventMerger | None = None
) -> int:
    """Merge one cleaned block of a table of the contract; safe to repeat.

    Args:
        events: what a load's earlier blocks of events were merged by.

    Returns:
        How many rows were new or changed something.

    Raises:
        ValueError: there is no such table.
    """
    if table not in TABLES:
        raise ValueError(f"No table {table!r}: there are {', '.join(sorted(TABLES))}")
    if table in ("interactions", "reviews"):
        merger = events or EventMerger(graph)
        merge = merger.merge_interactions if table == "interactions" else merger.merge_reviews
        return merge(frame, now)
    written = 0
    for start in range(0, len(frame), BATCH_ROWS):
        written += MERGERS[table](graph, frame.iloc[start : start + BATCH_ROWS], now)
    return written


def finish_load(graph: Graph) -> None:
    """Give new nodes their tensor rows, take delisted products out of what is recommended, and wait
    until the indexes answer."""
    for label in ("users", "products", "brands", "categories", "attributes"):
        number_nodes(graph, label)
    graph.write("write/retire_delisted")
    graph.read("schema/await_indexes", seconds=600)


def _merge_users(graph: Graph, frame: pd.DataFrame, now: datetime) -> int:
    frame = renamed(_latest(frame, "user_id"))
    plain = frame.drop(columns="line", errors="ignore")
    rows = property_rows(plain, "user_id")
    return len({row["user_id"] for row in graph.write("write/merge_users", rows=rows, now=now)})


def _latest(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    """A row a key, as if its rows were merged one after another: what a later one lacks stays."""
    repeated = frame[key].duplicated(keep=False)
    if not repeated.any():
        return frame
    several = frame[repeated].groupby(key, sort=False).last().reset_index()
    return pd.concat([frame[~repeated], several], ignore_index=True)


def _merge_searches(graph: Graph, frame: pd.DataFrame, now: datetime) -> int:
    frame = frame.drop_duplicates("interaction_id")
    retract_changed(graph, "searches", frame)
    _merge_bare(graph, frame, now)
    rows = graph.write(
        "write/merge_searches",
        **parameters("write/merge_searches", frame),
        properties=extras(frame, (*TABLES["searches"], "interaction_id")),
        now=now,
    )
    return int(rows[0]["written"])


def _merge_relations(graph: Graph, frame: pd.DataFrame, now: datetime) -> int:
    frame = frame.drop_duplicates(["product_id", "relation", "other_id"])
    _merge_bare(graph, frame, now)
    graph.write("write/merge_bare_products", ids=sorted(set(frame["other_id"])), now=now)
    names = ("product_id", "relation", "other_id")
    params = {name: frame[name].tolist() for name in names}
    properties = extras(frame, names)
    rows = graph.write("write/merge_relations", **params, properties=properties, now=now)
    return int(rows[0]["written"])


def _merge_follows(graph: Graph, frame: pd.DataFrame, now: datetime) -> int:
    frame = frame.drop_duplicates(["user_id", "follows_id"])
    _merge_bare(graph, frame, now)
    graph.write("write/merge_bare_users", ids=sorted(set(frame["follows_id"])), now=now)
    names = ("user_id", "follows_id")
    params = {name: frame[name].tolist() for name in names}
    properties = extras(frame, names)
    rows = graph.write("write/merge_follows", **params, properties=properties, now=now)
    return int(rows[0]["written"])


MERGERS: dict[str, Callable[[Graph, pd.DataFrame, datetime], int]] = {
    "deletions": merge_deletions,
    "products": merge_products,
    "users": _merge_users,
    "relations": _merge_relations,
    "follows": _merge_follows,
    "searches": _merge_searches,
}


def _merge_bare(graph: Graph, frame: pd.DataFrame, now: datetime) -> None:
    """Create the users and products that these rows name and nothing else has brought."""
    for key, name in (("user_id", "users"), ("product_id", "products")):
        if key in frame:
            ids = sorted(set(frame[key].dropna()))
            graph.write(f"write/merge_bare_{name}", ids=ids, now=now)
