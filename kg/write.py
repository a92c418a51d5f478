"""Cleaned tables into the graph: repeatable, nodes before relationships, one writer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import pandas as pd

from kg.connection import Graph
from kg.records import RELATIONSHIPS, TABLES

BATCH_ROWS = 10_000

#: Columns that become nodes and relationships of their own, not properties of the product.
LINKED = {
    "brand": "write/merge_product_brands",
    "category": "write/merge_product_categories",
    "attributes": "write/merge_product_attributes",
}

#: Properties that this program keeps itself: a source's column of such a name gets a ``_`` behind.
RESERVED = (
    *("idx", "in_stock", "ingested_at"),
    *("text_vector", "text_hash", "text_model", "vector_a", "vector_b"),
)

#: Separates the levels of a category's path.
LEVEL = " > "

EVENT_COLUMNS = ("interaction_id", "user_id", "product_id", "order_id", "session_id")
EVENT_NUMBERS = ("position", "line", "quantity", "price", "rating")


def merge_table(graph: Graph, table: str, frame: pd.DataFrame, now: datetime) -> int:
    """Merge one cleaned block of a table of the contract; safe to repeat.

    Returns:
        How many rows were new or changed something.

    Raises:
        ValueError: there is no such table.
    """
    if table not in MERGERS:
        raise ValueError(f"No table {table!r}: there are {', '.join(sorted(MERGERS))}")
    written = 0
    for start in range(0, len(frame), BATCH_ROWS):
        written += MERGERS[table](graph, frame.iloc[start : start + BATCH_ROWS], now)
    return written


def finish_load(graph: Graph) -> None:
    """Give new nodes their tensor rows and wait until the indexes answer."""
    for label in ("users", "products", "brands", "categories", "attributes"):
        graph.run(f"write/number_{label}")
    graph.read("schema/await_indexes", seconds=600)


def _merge_products(graph: Graph, frame: pd.DataFrame, now: datetime) -> int:
    # The facts valid last hold, those without a time being the oldest; else the later row's.
    if "valid_from" in frame:
        frame = frame.sort_values("valid_from", kind="stable", na_position="first")
    frame = _latest(frame, "product_id")
    if "valid_from" in frame:
        frame = frame[~frame["product_id"].isin(_superseded(graph, frame))]
    frame = _renamed(frame)
    plain = frame.drop(columns=[*LINKED, "line"], errors="ignore")
    if "stock" in plain:
        plain = plain.assign(in_stock=(plain["stock"] > 0).astype("boolean"))
    rows = _property_rows(plain, "product_id")
    changed = _ids(graph.write("write/merge_products", rows=rows, now=now))
    if "category" in frame:
        categories = _category_rows(path for paths in frame["category"] for path in paths)
        graph.write("write/merge_categories", rows=categories)
    for column, name in LINKED.items():
        if column in frame:
            pairs = zip(frame["product_id"], frame[column], strict=True)
            links = [{"product_id": product, "keys": _keys(value)} for product, value in pairs]
            changed |= _ids(graph.write(name, rows=links))
    return len(changed)


def _merge_users(graph: Graph, frame: pd.DataFrame, now: datetime) -> int:
    frame = _renamed(_latest(frame, "user_id"))
    plain = frame.drop(columns="line", errors="ignore")
    rows = _property_rows(plain, "user_id")
    return len({row["user_id"] for row in graph.write("write/merge_users", rows=rows, now=now)})


def _latest(frame: pd.DataFrame, key: str) -> pd.DataFrame:
    """A row a key, as if its rows were merged one after another: what a later one lacks stays."""
    repeated = frame[key].duplicated(keep=False)
    if not repeated.any():
        return frame
    linked = [name for name in LINKED if name in frame]
    several = frame[repeated]
    plain = several.drop(columns=linked).groupby(key, sort=False).last().reset_index()
    links = several.drop_duplicates(key, keep="last")[[key, *linked]]
    return pd.concat([frame[~repeated], plain.merge(links, on=key)], ignore_index=True)


def _superseded(graph: Graph, frame: pd.DataFrame) -> set[str]:
    """The products of these of which the graph knows later facts."""
    times = [None if pd.isna(time) else time.to_pydatetime() for time in frame["valid_from"]]
    ids = frame["product_id"].tolist()
    return _ids(graph.read("read/newer_products", product_id=ids, valid_from=times))


def _merge_interactions(graph: Graph, frame: pd.DataFrame, now: datetime) -> int:
    frame = frame.drop_duplicates("interaction_id")
    _merge_bare(graph, frame, now)
    known = frame[frame["user_id"].notna()]
    written = 0
    for kind in RELATIONSHIPS:
        events = known[known["kind"] == kind]
        if len(events):
            written += _merge_events(graph, kind, events, now)
    if "order_id" in frame:
        ordered = frame[(frame["kind"] == "purchase") & frame["order_id"].notna()]
        _merge_orders(graph, ordered[ordered["user_id"].notna()], now)  # counted as events above
        written += _merge_orders(graph, ordered[ordered["user_id"].isna()], now)
    return written


def _merge_events(graph: Graph, kind: str, events: pd.DataFrame, now: datetime) -> int:
    rows = graph.write(
        f"write/merge_{kind}_events",
        **_event_columns(events),
        properties=_extras(events, TABLES["interactions"]),
        now=now,
    )
    return int(rows[0]["written"])


def _merge_orders(graph: Graph, lines: pd.DataFrame, now: datetime) -> int:
    if not len(lines):
        return 0
    columns = _event_columns(lines)
    unused = ("session_id", "position", "line", "rating")
    params = {name: values for name, values in columns.items() if name not in unused}
    return int(graph.write("write/merge_orders", **params, now=now)[0]["written"])


def _merge_reviews(graph: Graph, frame: pd.DataFrame, now: datetime) -> int:
    frame = frame.drop_duplicates("interaction_id")
    _merge_bare(graph, frame, now)
    return _merge_events(graph, "review", frame, now)


def _merge_searches(graph: Graph, frame: pd.DataFrame, now: datetime) -> int:
    frame = frame.drop_duplicates("interaction_id")
    _merge_bare(graph, frame, now)
    columns = _event_columns(frame)
    wanted = ("interaction_id", "user_id", "session_id", "product_id", "occurred_ms", "line")
    rows = graph.write(
        "write/merge_searches",
        **{name: columns[name] for name in wanted},
        query=frame["query"].tolist(),
        properties=_extras(frame, (*TABLES["searches"], "interaction_id")),
        now=now,
    )
    return int(rows[0]["written"])


def _merge_relations(graph: Graph, frame: pd.DataFrame, now: datetime) -> int:
    frame = frame.drop_duplicates(["product_id", "relation", "other_id"])
    _merge_bare(graph, frame, now)
    graph.write("write/merge_bare_products", ids=sorted(set(frame["other_id"])), now=now)
    names = ("product_id", "relation", "other_id")
    params = {name: frame[name].tolist() for name in names}
    extras = _extras(frame, names)
    rows = graph.write("write/merge_relations", **params, properties=extras, now=now)
    return int(rows[0]["written"])


def _merge_follows(graph: Graph, frame: pd.DataFrame, now: datetime) -> int:
    frame = frame.drop_duplicates(["user_id", "follows_id"])
    _merge_bare(graph, frame, now)
    graph.write("write/merge_bare_users", ids=sorted(set(frame["follows_id"])), now=now)
    names = ("user_id", "follows_id")
    params = {name: frame[name].tolist() for name in names}
    extras = _extras(frame, names)
    rows = graph.write("write/merge_follows", **params, properties=extras, now=now)
    return int(rows[0]["written"])


MERGERS: dict[str, Callable[[Graph, pd.DataFrame, datetime], int]] = {
    "products": _merge_products,
    "users": _merge_users,
    "interactions": _merge_interactions,
    "relations": _merge_relations,
    "follows": _merge_follows,
    "reviews": _merge_reviews,
    "searches": _merge_searches,
}


def _merge_bare(graph: Graph, frame: pd.DataFrame, now: datetime) -> None:
    """Create the users and products that these rows name and nothing else has brought."""
    for column, name in (("user_id", "users"), ("product_id", "products")):
        if column in frame:
            ids = sorted(set(frame[column].dropna()))
            graph.write(f"write/merge_bare_{name}", ids=ids, now=now)


def _event_columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """The columns of events as lists without NaN; absent columns are all null."""
    columns = {name: _column(frame, name) for name in (*EVENT_COLUMNS, *EVENT_NUMBERS)}
    if "occurred_at" in frame:
        times = frame["occurred_at"]
        milliseconds = times.dt.as_unit("ms").astype("int64").tolist()
        pairs = zip(milliseconds, times.isna(), strict=True)
        columns["occurred_ms"] = [None if absent else ms for ms, absent in pairs]
    else:
        columns["occurred_ms"] = [None] * len(frame)
    return columns


def _column(frame: pd.DataFrame, name: str) -> list[Any]:
    if name not in frame:
        return [None] * len(frame)
    values: list[Any] = frame[name].astype(object).where(frame[name].notna(), None).tolist()
    return values


def _extras(frame: pd.DataFrame, known: Iterable[str]) -> list[dict[str, Any]]:
    """The columns a table does not name, a map a row; empty where there are none."""
    extra = _renamed(frame).drop(columns=[*known, "line", "interaction_id"], errors="ignore")
    return [dict(_present(row)) for row in extra.to_dict("records")] if len(extra.columns) else []


def _renamed(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns whose names this program keeps for itself under other names."""
    names = {name: f"{name}_" for name in RESERVED if name in frame}
    while taken := [name for name, new in names.items() if new in frame]:
        names |= {name: f"{names[name]}_" for name in taken}
    return frame.rename(columns=names)


def _property_rows(frame: pd.DataFrame, key: str) -> list[dict[str, Any]]:
    records = frame.drop(columns=key).to_dict("records")
    pairs = zip(frame[key], records, strict=True)
    return [{key: value, "properties": dict(_present(record))} for value, record in pairs]


def _present(record: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """The entries that hold something, as the driver takes them."""
    for name, value in record.items():
        if isinstance(value, list):
            if value:
                yield name, value
        elif isinstance(value, pd.Timestamp):
            yield name, value.to_pydatetime()
        elif not pd.isna(value):
            yield name, value.item() if hasattr(value, "item") else value


def _category_rows(paths: Iterable[str]) -> list[dict[str, str | None]]:
    """Every category on the way to these paths, parents first."""
    rows: dict[str, dict[str, str | None]] = {}
    for path in dict.fromkeys(paths):
        levels = path.split(LEVEL)
        for depth, name in enumerate(levels, start=1):
            here = LEVEL.join(levels[:depth])
            parent = LEVEL.join(levels[: depth - 1]) or None
            rows[here] = {"path": here, "name": name, "parent": parent}
    return sorted(rows.values(), key=lambda row: str(row["path"]).count(LEVEL))


def _keys(value: object) -> list[str]:
    if isinstance(value, list):
        return list(dict.fromkeys(value))
    return [] if pd.isna(value) else [str(value)]  # type: ignore[call-overload]


def _ids(rows: list[dict[str, Any]]) -> set[str]:
    return {row["product_id"] for row in rows}
