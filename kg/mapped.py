"""A graph that was there before: its nodes under our labels, its relationships as rows.

Its own labels, types and keys come as parameters of dynamic labels (``$($label)``), never as text
put into a statement. Nothing of its own is changed or removed: nodes get the label ``User`` or
``Product``, its key, and later what is computed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import neo4j
from neo4j.time import Date, DateTime

from kg.connection import Graph, statement
from kg.errors import KgError
from kg.rows import RESERVED
from kg.tombstones import Tombstones

#: Nodes a transaction labels.
BATCH_NODES: Final = 5_000

#: Our label and its key, by the table that describes such nodes.
LABELS: Final = {"users": ("User", "user_id"), "products": ("Product", "product_id")}

Values = list[str | list[str] | None]


class MappingClash(KgError):
    """The graph that is there does not fit its mapping."""


@dataclass(frozen=True)
class Ends:
    """From which nodes to which a relationship leads, by their own labels and keys."""

    label: str
    key: str
    other: str
    other_key: str


def adopt_nodes(
    graph: Graph,
    table: str,
    label: str,
    key: str,
    columns: Collection[str],
    tombstones: Tombstones,
    now: datetime,
) -> int:
    """Put our label and key on the nodes of a label, forgotten ones apart; safe to repeat.

    Args:
        columns: names of the properties that loads will write and that are not its own.

    Returns:
        How many were not ours before.

    Raises:
        MappingClash: a key is not unique, or a property that we would write is there already.
    """
    ours, our_key = LABELS[table]
    written = [*columns, *RESERVED, *([our_key] if key != our_key else [])]
    rows = graph.read("read/mapped_clash", label=label, ours=ours, names=written)
    if rows:
        raise MappingClash(f"{label} has a property {rows[0]['name']!r} of its own: map another")
    elements: list[str] = []
    keys: set[str] = set()
    params: dict[str, Any] = {"label": label, "key": key, "ours": ours}
    for row in _stream(graph, "read/mapped_keys", params):
        if row["id"] in keys:
            raise MappingClash(f"{label}.{key} is not unique: {row['id']!r} is there twice")
        if key == our_key and row["raw"] != row["id"]:
            raise MappingClash(f"{label}.{key} must be trimmed text (got {row['raw']!r})")
        keys.add(row["id"])
        if not row["is_ours"] and tombstones.key(table, row["id"]) not in tombstones.keys:
            elements.append(row["element"])
    for start in range(0, len(elements), BATCH_NODES):
        batch = elements[start : start + BATCH_NODES]
        graph.write(f"write/adopt_{table}", elements=batch, key=key, now=now)
    return len(elements)


def read_nodes(
    graph: Graph, label: str, key: str, columns: Sequence[str]
) -> Iterator[tuple[str, Values]]:
    """Read the nodes of a label: key and properties, as text."""
    params = {"label": label, "key": key, "columns": list(columns)}
    for row in _stream(graph, "read/mapped_nodes", params):
        yield row["id"], [as_text(value) for value in row["values"]]


def read_pairs(
    graph: Graph, ends: Ends, type_: str, columns: Sequence[str] = ()
) -> Iterator[tuple[str, str, Values]]:
    """Read the relationships of a type: both keys and the relationship's properties, as text."""
    params = _params(ends) | {"type": type_, "columns": list(columns)}
    for row in _stream(graph, "read/mapped_pairs", params):
        yield row["source"], row["target"], [as_text(value) for value in row["values"]]


def read_chains(
    graph: Graph, ends: Ends, steps: tuple[str, str, str], columns: Sequence[str] = ()
) -> Iterator[tuple[str, str, Values]]:
    """Read what a node between links, such as an order: ``steps`` are type, label, type.

    A property is the second relationship's, else the node's between, else the first one's.
    """
    first, between, second = steps
    params = _params(ends) | {"type": first, "between": between, "then": second}
    for row in _stream(graph, "read/mapped_chains", params | {"columns": list(columns)}):
        yield row["source"], row["target"], [as_text(value) for value in row["values"]]


def as_text(value: Any) -> str | list[str] | None:
    """A property as a cell of a table has it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, DateTime | Date):
        return str(value.to_native().isoformat())
    if isinstance(value, list):
        return [str(as_text(item)) for item in value]
    return str(value)


def _params(ends: Ends) -> dict[str, Any]:
    return {
        "label": ends.label, "key": ends.key, "other": ends.other, "other_key": ends.other_key
    }  # fmt: skip


def _stream(graph: Graph, name: str, params: dict[str, Any]) -> Iterator[neo4j.Record]:
    """The records of one read as they are asked for."""
    with graph.session(neo4j.READ_ACCESS) as session:
        yield from session.run(statement(name), params)
