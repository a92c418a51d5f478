"""What is known of products, as of any time.

A row of the products table is a statement. One without ``valid_from`` states timeless facts; one
with it states facts that hold from then on, until a later statement about the same column. What a
statement leaves empty stays as it was. A table without the column at all states what holds now: it
corrects the timeless facts of a product, or, where statements about it are dated, makes one dated
by the load of what differs. Of two rows with one ``valid_from`` the later load's holds.

A product of which nothing is dated carries its timeless facts itself. Once anything is, every
statement about it is a node as well, the timeless one too if it says anything::

    (:Product)-[:STATED]->(:ProductFacts {facts_id, valid_from, ingested_at, brand, category,
                                          attributes, and whatever else the row stated})

``facts_id`` is ``facts_id(product_id, valid_from)``; a timeless statement has no ``valid_from``;
``brand`` is a text, ``category`` and ``attributes`` are lists. The product and its links carry what
holds last, ``fold`` of all statements, and ``in_stock`` follows from that. Every brand, category
and attribute ever stated has its node, also where no product is linked to it any more. So any
order of the same rows gives the same graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from neo4j.time import DateTime

from kg.connection import Graph
from kg.until import check_zone

#: Products a read answers at once.
PAGE_PRODUCTS = 1_000

#: The columns that a product's text is made of.
WORDS = ("title", "description", "brand", "category", "attributes")

Facts = dict[str, Any]

#: The statements about one product by their time, None for the timeless one.
History = dict[datetime | None, Facts]


def facts_id(product_id: str, valid_from: datetime | None) -> str:
    """The key of a statement: ``85123A @ 2011-01-01T00:00:00+00:00``, ``85123A @`` if timeless."""
    time = "" if valid_from is None else f" {valid_from.astimezone(UTC).isoformat()}"
    return f"{product_id} @{time}"


def fold(history: Mapping[datetime | None, Facts], until: datetime | None = None) -> Facts:
    """What holds after all statements of before ``until``, by column; ``valid_from`` the last's."""
    facts: Facts = {}
    if None in history:
        facts |= history[None]
    for time in sorted(time for time in history if time is not None):
        if until is None or time < until:
            facts |= history[time] | {"valid_from": time}
    return facts


def read_histories(graph: Graph, product_ids: Sequence[str]) -> Iterator[tuple[str, History, bool]]:
    """Read the statements about products: id, statements, and whether they are nodes already.

    Of a product that carries its facts itself, these are its one statement.
    """
    for start in range(0, len(product_ids), PAGE_PRODUCTS):
        ids = list(product_ids[start : start + PAGE_PRODUCTS])
        for row in graph.read("read/product_statements", product_id=ids):
            stated = [_native(statement) for statement in row["statements"]]
            history = {facts.pop("valid_from", None): facts for facts in stated}
            own = _native(row["own"])
            if not history and own:
                history = {own.pop("valid_from", None): own}
            yield row["product_id"], history, bool(stated)


def facts_at(
    graph: Graph, product_ids: Sequence[str], until: datetime
) -> Iterator[tuple[str, Facts]]:
    """Read what was known of products before ``until``: the columns of the products table.

    Raises:
        ValueError: ``until`` has no zone.
    """
    check_zone(until)
    for product_id, history, _ in read_histories(graph, product_ids):
        yield product_id, fold(history, until)


def _native(properties: Mapping[str, Any]) -> Facts:
    """Properties as a cleaned row has them; those of the program itself and absent ones are out."""
    kept = {name: value for name, value in properties.items() if value not in (None, [])}
    return {name: _in_utc(value) for name, value in kept.items()}


def _in_utc(value: Any) -> Any:
    """A time as loads have it: Cypher tells equal instants of two zones apart."""
    if isinstance(value, DateTime):
        return value.to_native().astimezone(UTC)
    return value
