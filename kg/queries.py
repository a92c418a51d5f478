"""The shipped queries: found by their files, described by their headers, run without writing."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any

import neo4j
from neo4j.graph import Node, Path, Relationship
from neo4j.time import Date, DateTime

from kg.connection import CYPHER, Graph, statement
from kg.constraints import CONSTRAINTS, WHOSE
from kg.errors import StatementFailed, UnknownQuery, UnknownRun

FOLDERS = ("recommend", "explain")
KEYS = ("user_id", "product_id", "path", "key", "name", "order_id", "text", "run_id")

#: A parameter of a header: its name, its type and, where it may be left out, what it is then.
PARAMETER = re.compile(r"^(?:Params\s+)?\$(\w+)\s+([A-Z<>]+)(?: = (\S+?)(?=:|\s))?", re.MULTILINE)


@dataclass(frozen=True)
class Query:
    """One shipped query, as its header tells it: its purpose and its parameters' types.

    ``defaults`` holds the parameters that may be left out.
    """

    name: str
    purpose: str
    params: dict[str, str]
    defaults: dict[str, Any] = field(default_factory=dict)

    def keys(self) -> dict[str, str]:
        """What may be given as ``key=value``, and as which type.

        The constraints come as keys of their own; of another map, ``MAP.key`` is one of its keys.
        """
        keys = {name: kind for name, kind in self.params.items() if kind != "MAP"}
        if "constraints" in self.params:
            keys = CONSTRAINTS | ({} if "user_id" in keys else WHOSE) | keys
        return keys


@cache
def list_queries() -> Mapping[str, Query]:
    """All shipped queries by the name of their file, read once."""
    queries = {}
    for folder in FOLDERS:
        for path in sorted((CYPHER / folder).glob("*.cypher")):
            header = [line[2:].strip() for line in _comments(path.read_text(encoding="utf-8"))]
            found = PARAMETER.findall("\n".join(header))
            queries[path.stem] = Query(
                name=f"{folder}/{path.stem}",
                purpose=" ".join(header[: header.index("")]),
                params={name: kind for name, kind, _ in found},
                defaults={name: ast.literal_eval(text) for name, _, text in found if text},
            )
    return MappingProxyType(queries)


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
    """Parameters from text, by the types of the query's header.

    A list is split at commas, or given as JSON where its values hold commas.

    Raises:
        UnknownQuery: a parameter is missing, unknown or of another type.
    """
    keys = query.keys()
    maps: dict[str, dict[str, Any]] = {
        name: {} for name, kind in query.params.items() if kind == "MAP"
    }
    params: dict[str, Any] = dict(query.defaults) | maps
    unknown = []
    for key, text in given.items():
        name, dot, inner = key.partition(".")
        if dot and name in maps and name != "constraints":
            params[name][inner] = text
        elif key in query.params and key in keys:
            params[key] = _converted(query, key, keys[key], text)
        elif key in keys:
            params["constraints"][key] = _converted(query, key, keys[key], text)
        else:
            unknown.append(key)
    off = sorted({*unknown, *(query.params.keys() - params.keys())})
    if off:
        wanted = ", ".join(f"{name} ({kind})" for name, kind in query.params.items())
        inner = f", constraints being {', '.join(CONSTRAINTS)}" if "constraints" in maps else ""
        raise UnknownQuery(f"{query.name} takes {wanted}{inner}: check {', '.join(off)}")
    return params


def _converted(query: Query, name: str, kind: str, text: str) -> Any:
    try:
        if not kind.startswith("LIST<"):
            return _element(kind, text)
        element = kind.removeprefix("LIST<").removesuffix(">")
        whole = json.loads(text) if text.lstrip().startswith("[") else text.split(",")
        parts = [str(part).strip() for part in whole]
        return [_element(element, part) for part in parts if part]
    except ValueError:
        raise UnknownQuery(f"{query.name}: {name} must be {kind} (got {text!r})") from None
    except OverflowError:
        raise UnknownQuery(f"{query.name}: {name} is out of range (got {text})") from None


def _element(kind: str, text: str) -> Any:
    if kind == "BOOLEAN":
        if text.lower() not in ("true", "false"):
            raise ValueError(text)
        return text.lower() == "true"
    if kind == "INTEGER":
        number = int(text)
        if not -(2**63) <= number < 2**63:
            raise OverflowError(text)
        return number
    return float(text) if kind == "FLOAT" else text


def run_query(graph: Graph, query: Query, params: dict[str, Any]) -> list[dict[str, Any]]:
    """Run a shipped query in a read transaction; values come as JSON can hold them.

    Raises:
        UnknownQuery: the database refuses a parameter's value.
        UnknownRun: it needs the vectors of a run, and none was ever published.
    """

    def work(tx: neo4j.ManagedTransaction) -> list[dict[str, Any]]:
        result = tx.run(statement(query.name), query.defaults | params)
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
