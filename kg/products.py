"""The products table into the graph: what holds now, and every dated statement beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import pandas as pd

from kg.connection import Graph
from kg.facts import Facts, History, facts_id, fold, read_histories
from kg.rows import present, renamed

#: Columns that become nodes and relationships of their own, not properties of the product.
LINKED: Final = {
    "brand": "write/merge_product_brands",
    "category": "write/merge_product_categories",
    "attributes": "write/merge_product_attributes",
}

#: Separates the levels of a category's path.
LEVEL: Final = " > "


def merge_products(graph: Graph, frame: pd.DataFrame, now: datetime) -> int:
    """Merge rows of the products table as ``kg.facts`` has them; safe to repeat.

    Returns:
        How many rows were new or changed something.
    """
    frame = renamed(frame).drop(columns="line", errors="ignore")
    ids = frame["product_id"].unique().tolist()
    rows = graph.read("read/dated_products", product_id=ids)
    dated = {row["product_id"] for row in rows}
    if "valid_from" in frame:
        dated |= set(frame.loc[frame["valid_from"].notna(), "product_id"])
    own: dict[str, Facts] = {}
    stated: list[Facts] = []
    records: list[Facts] = frame.to_dict("records")  # type: ignore[assignment]
    for record in records:
        product_id = record["product_id"]
        if product_id in dated:
            stated.append(record)
        else:
            record.pop("product_id")
            own.setdefault(product_id, {}).update(present(record))
    changed = len(_write_products(graph, own, now))
    if stated:
        changed += _merge_statements(graph, stated, "valid_from" in frame, now)
    return changed


def _merge_statements(graph: Graph, rows: list[Facts], timed: bool, now: datetime) -> int:
    """Merge rows about products of which anything is dated; ``timed``: the table has times."""
    ids = list(dict.fromkeys(row["product_id"] for row in rows))
    histories: dict[str, History] = {product_id: {} for product_id in ids}
    pending: set[tuple[str, datetime | None]] = set()
    for product_id, history, kept in read_histories(graph, ids):
        histories[product_id] = history
        if not kept:
            pending |= {(product_id, time) for time in history}
    changed: set[tuple[str, datetime | None]] = set()
    for row in rows:
        product_id, stated = row.pop("product_id"), dict(present(row))
        time = stated.pop("valid_from", None)
        history = histories[product_id]
        if not timed:
            holds = fold(history)
            stated = {name: value for name, value in stated.items() if holds.get(name) != value}
            time = now
        if not stated and (time is None or not timed):
            continue
        is_new = time not in history
        known = history.setdefault(time, {})
        if is_new or any(known.get(name) != value for name, value in stated.items()):
            known.update(stated)
            changed.add((product_id, time))
    _write_statements(graph, histories, pending | changed, now)
    folded = {product_id: fold(history) for product_id, history in histories.items()}
    repaired = _write_products(graph, folded, now)
    return len(changed) + len(repaired - {product_id for product_id, _ in changed})


def _write_statements(
    graph: Graph,
    histories: Mapping[str, History],
    keys: set[tuple[str, datetime | None]],
    now: datetime,
) -> None:
    """Write these statements as nodes, and a node for whatever they name."""
    rows, named = [], []
    for product_id, time in sorted(keys, key=repr):
        facts = histories[product_id][time]
        properties = facts if time is None else facts | {"valid_from": time}
        key = facts_id(product_id, time)
        rows.append({"product_id": product_id, "facts_id": key, "properties": properties})
        named.append(facts)
    if not rows:
        return
    _merge_category_tree(graph, named)
    graph.write("write/merge_brands", names=_distinct(named, "brand"))
    graph.write("write/merge_attributes", keys=_distinct(named, "attributes"))
    graph.write("write/merge_product_facts", rows=rows, now=now)


def _write_products(graph: Graph, facts: Mapping[str, Facts], now: datetime) -> set[str]:
    """Make products and their links say this; returns those for which that was a change."""
    if not facts:
        return set()
    rows = []
    for product_id, known in facts.items():
        properties = {name: value for name, value in known.items() if name not in LINKED}
        if "stock" in properties:
            properties["in_stock"] = properties["stock"] > 0
        rows.append({"product_id": product_id, "properties": properties})
    changed = _ids(graph.write("write/merge_products", rows=rows, now=now))
    _merge_category_tree(graph, facts.values())
    for column, name in LINKED.items():
        links = [
            {"product_id": product_id, "keys": _keys(known[column])}
            for product_id, known in facts.items()
            if column in known
        ]
        if links:
            changed |= _ids(graph.write(name, rows=links))
    return changed


def _merge_category_tree(graph: Graph, facts: Iterable[Facts]) -> None:
    rows = category_rows(_distinct(facts, "category"))
    if rows:
        graph.write("write/merge_categories", rows=rows)


def category_rows(paths: Iterable[str]) -> list[dict[str, str | None]]:
    """Every category on the way to these paths, parents first."""
    rows: dict[str, dict[str, str | None]] = {}
    for path in dict.fromkeys(paths):
        levels = path.split(LEVEL)
        for depth, name in enumerate(levels, start=1):
            here = LEVEL.join(levels[:depth])
            parent = LEVEL.join(levels[: depth - 1]) or None
            rows[here] = {"path": here, "name": name, "parent": parent}
    return sorted(rows.values(), key=lambda row: str(row["path"]).count(LEVEL))


def _distinct(facts: Iterable[Facts], column: str) -> list[str]:
    return sorted({key for known in facts if column in known for key in _keys(known[column])})


def _keys(value: Any) -> list[str]:
    return list(dict.fromkeys(value)) if isinstance(value, list) else [str(value)]


def _ids(rows: list[dict[str, Any]]) -> set[str]:
    return {row["product_id"] for row in rows}
