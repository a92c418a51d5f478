"""Looking into the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, LiteralString

import pytest

from kg.connection import Graph, statement

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


@pytest.fixture
def scans(graph: Graph) -> Callable[[str], list[tuple[str, str]]]:
    """What a statement's plan on the test's graph scans: operators with their details."""

    def of(name: str) -> list[tuple[str, str]]:
        with graph.session("WRITE") as session:
            plan = session.run("EXPLAIN " + statement(name)).consume().plan  # type: ignore[arg-type]
        return [(kind, details) for kind, details in operators(plan) if "Scan" in kind]

    return of


def operators(plan: dict[str, object]) -> Iterator[tuple[str, str]]:
    """Every operator of a plan with its details."""
    arguments = plan["args"]
    assert isinstance(arguments, dict)
    yield str(plan["operatorType"]), str(arguments.get("Details", ""))
    children = plan.get("children", [])
    assert isinstance(children, list)
    for child in children:
        yield from operators(child)
