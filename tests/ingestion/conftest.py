"""Whole graphs as text, and servers of a test's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kg.connection import Graph

Contents = Callable[..., tuple[list[str], list[str]]]


@pytest.fixture(scope="session")
def contents() -> Contents:
    """A function that lists all nodes and relationships; some properties may be left out."""
    return _contents


def _contents(graph: Graph, *left_out: str) -> tuple[list[str], list[str]]:
    nodes, _, _ = graph.driver.execute_query(
        "MATCH (n) WHERE NOT n:ShopgraphSchema RETURN labels(n) AS labels, properties(n) AS facts",
        database_=graph.database,
    )
    links, _, _ = graph.driver.execute_query(
        "MATCH (a)-[r]->(b) RETURN type(r) AS type, properties(r) AS facts, "
        "labels(a) + [a.user_id, a.product_id, a.order_id, a.text, a.path] AS source, "
        "labels(b) + [b.user_id, b.product_id, b.order_id, b.text, b.name, b.path, b.key] "
        "AS target",
        database_=graph.database,
    )
    return (
        sorted(_told(record, left_out) for record in nodes),
        sorted(_told(record, left_out) for record in links),
    )


def _told(record: Any, left_out: tuple[str, ...]) -> str:
    """A record as text that tells 1 from 1.0, and a zone's name from its offset."""
    facts = sorted(item for item in record["facts"].items() if item[0] not in left_out)
    return repr([[value for name, value in record.items() if name != "facts"], facts])
