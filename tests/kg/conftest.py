"""Looking into the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, LiteralString

import pytest

from kg.connection import Graph

Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def ask(graph: Graph) -> Ask:
    """Run any Cypher on the test's graph and return its rows."""

    def run(cypher: LiteralString, /, **params: Any) -> list[tuple[Any, ...]]:
        records, _, _ = graph.driver.execute_query(cypher, params, database_=graph.database)
        return [tuple(record) for record in records]

    return run


@pytest.fixture
def snapshot(ask: Ask) -> Callable[[], list[tuple[Any, ...]]]:
    """A function that lists everything in the graph, without the ids of the store.

    In an order of its own: the store gives properties in the order in which they were set.
    """

    def plain(value: Any) -> str:
        return repr(sorted(value.items()) if isinstance(value, dict) else value)

    def everything() -> list[tuple[Any, ...]]:
        nodes = ask("MATCH (n) RETURN labels(n), properties(n)")
        links = ask(
            "MATCH (a)-[r]->(b) RETURN properties(a), type(r), properties(r), properties(b)"
        )
        return sorted(nodes + links, key=lambda row: [plain(value) for value in row])

    return everything
