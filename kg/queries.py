"""The shipped queries: found by their files, described by their headers, run without writing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import neo4j
from neo4j.graph import Node, Path, Relationship
from neo4j.time import Date, DateTime

from kg.connection import CYPHER, Graph, statement
from kg.errors import StatementFailed, UnknownQuery, UnknownRun

FOLDERS = ("recommend", "explain")
CONVERTERS = {"STRING": str, "INTEGER": int, "FLOAT": float}
KEYS = ("user_id", "product_id", "path", "key", "name", "order_id", "text", "run_id")


@dataclass(frozen=True)
class Query:
    """One shipped query, as its header tells it: what it is for and the type of each parameter."""

    name: str
    purpose: str
    params: dict[str, str]


def list_queries() -> dict[str, Query]:
    """All shipped queries by the name of their file."""
    queries = {}
    for folder in FOLDERS:
        for path in sorted((CYPHER / folder).glob("*.cypher")):
            header = [line[2:].strip() for line in _comments(path.read_text(encoding="utf-8"))]
            text = "\n".join(header)
            params = re.findall(r"^(?:Params\s+)?\$(\w+)\s+([A-Z<>]+)", text, re.MULTILINE)
            queries[path.stem] = Query(f"{folder}/{path.stem}", header[0], dict(params))
    return queries


def find_query(name: str) -> Query:
    """A shipped query by name.

    Raises:
        UnknownQuery: naming those there are.
    """
    queries = list_queries()
    found = queries.get(name.rpartition("/")[2].replace("-", "_"))
    if found is None:
        raise UnknownQuery(f"No query {name!r}: there are {', '.join(sorted(queries))}")
    return found


def convert_params(query: Query, given: dict[str, str]) -> dict[str, Any]:
    """Parameters from text, by the types of the query's header; lists are split at commas.

    Raises:
        UnknownQuery: a parameter is missing, unknown or of another type.
    """
    wanted = ", ".join(f"{name} ({kind})" for name, kind in query.params.items())
    if given.keys() != query.params.keys():
        off = sorted(given.keys() ^ query.params.keys())
        raise UnknownQuery(f"{query.name} takes {wanted}: check {', '.join(off)}")
    params: dict[str, Any] = {}
    for name, kind in query.params.items():
        element = CONVERTERS[kind.removeprefix("LIST<").removesuffix(">")]
        try:
            if kind.startswith("LIST<"):
                parts = [part.strip() for part in given[name].split(",")]
                params[name] = [element(part) for part in parts if part]
            else:
                params[name] = element(given[name])
        except ValueError:
            raise UnknownQuery(
                f"{query.name}: {name} must be {kind} (got {given[name]!r})"
            ) from None
        if isinstance(params[name], int) and not -(2**63) <= params[name] < 2**63:
            raise UnknownQuery(f"{query.name}: {name} is out of range (got {given[name]})")
    return params


def run_query(graph: Graph, query: Query, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a shipped query in a read transaction; values come as JSON can hold them.

    Raises:
        UnknownQuery: the database refuses a parameter's value.
        UnknownRun: it needs the vectors of a run, and none was ever published.
    """

    def work(tx: neo4j.ManagedTransaction) -> list[dict[str, Any]]:
        result = tx.run(statement(query.name), params)
        return [{key: _plain(record[key]) for key in record.keys()} for record in result]  # noqa: SIM118

    try:
        with graph.session(neo4j.READ_ACCESS) as session:
            return session.execute_read(work)
    except StatementFailed as error:
        if "index does not exist" in str(error.__cause__):
            raise UnknownRun(f"{query.name} needs a run: train, then publish one") from error
        raise UnknownQuery(f"{query.name}: {error}") from error


def _comments(text: str) -> list[str]:
    lines = []
    for line in text.splitlines():
        if not line.startswith("//"):
            break
        lines.append(line)
    return lines


def _plain(value: Any) -> Any:
    """A value as JSON holds it; a path as one readable line."""
    if isinstance(value, Path):
        text = _label(value.nodes[0])
        for before, relationship in zip(value.nodes, value.relationships, strict=False):
            onward = relationship.start_node == before
            other = relationship.end_node if onward else relationship.start_node
            arrow = f"-[{relationship.type}]->" if onward else f"<-[{relationship.type}]-"
            text += f"{arrow}{_label(other)}"
        return text
    if isinstance(value, Node):
        return {key: _plain(value[key]) for key in value if "vector" not in key}
    if isinstance(value, Relationship):
        return {"type": value.type, **{key: _plain(value[key]) for key in value}}
    if isinstance(value, DateTime | Date):
        return value.iso_format()
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return value


def _label(node: Node | None) -> str:
    if node is None:
        return "()"
    name = next((node[key] for key in KEYS if key in node), "")
    return f"({next(iter(node.labels), '')} {name})"
