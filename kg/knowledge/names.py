"""The names of brands and attributes, and which of them are aliases of others.

A brand's alias is a node of its own, ``BrandAlias``, with whatever it had as a brand, and points
with ``ALIAS_OF`` to the brand whose name is used instead. Its products have moved to that brand;
each moved link keeps the name that was given as ``alias``. So a merge can be undone to the last
property, and a load that brings the name again finds where it belongs. Attributes do the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import networkx as nx

from kg.connection import Graph
from kg.errors import UnknownName
from kg.numbering import number_nodes

KINDS = ("brand", "attribute")

#: The rule that a person's merge is kept under.
PERSON = "person"

#: Aliases that one transaction makes or undoes, if they do not hang together.
BATCH_ALIASES = 200


@dataclass(frozen=True)
class Name:
    """A name that a source has given to products, and what it is an alias of."""

    name: str
    products: int
    canonical: str | None = None
    rule: str | None = None
    score: float | None = None
    merged_at: datetime | None = None


@dataclass(frozen=True)
class Alias:
    """What a name is to become an alias of, and why."""

    canonical: str
    rule: str
    score: float


def read_names(graph: Graph, kind: str) -> list[Name]:
    """Read every name of a kind, A to Z."""
    counts = {
        row["name"]: row["products"] for row in graph.read(f"read/{check_kind(kind)}_name_counts")
    }
    rows = graph.read(f"read/{kind}_names")
    return [Name(products=counts.get(row["name"], 0), **_native(row)) for row in rows]


def read_apart(graph: Graph, kind: str) -> set[frozenset[str]]:
    """Read the pairs of names that a person has parted."""
    rows = graph.read(f"read/distinct_{check_kind(kind)}s")
    return {frozenset((row["one"], row["other"])) for row in rows}


def write_aliases(
    graph: Graph, kind: str, present: Mapping[str, str], wanted: Mapping[str, Alias], now: datetime
) -> tuple[int, int]:
    """Bring the aliases from what they are to what they should be; equal ones are left alone.

    Names that hang together change in one transaction: no reader finds a product without its
    brand. After a failure half-way the next call does the rest.

    Args:
        present: each alias with its canonical name.

    Returns:
        How many names became aliases, and how many are none any more.
    """
    check_kind(kind)
    undone = [name for name, to in present.items() if to != _canonical(wanted.get(name))]
    merged = {name: to for name, to in wanted.items() if present.get(name) != to.canonical}
    links = nx.Graph([(name, present[name]) for name in undone])
    links.add_edges_from((name, to.canonical) for name, to in merged.items())
    for names in _packed(nx.connected_components(links)):
        undo = [name for name in undone if name in names]
        rows = [{"alias": name, **asdict(merged[name])} for name in sorted(names & merged.keys())]
        graph.write_all(
            [
                (f"write/undo_{kind}_aliases", {"names": undo}),
                (f"write/merge_{kind}_aliases", {"rows": rows, "now": now}),
            ]
        )
    if undone:
        number_nodes(graph, f"{kind}s")
    return len(merged), len(set(undone) - merged.keys())


def undo_alias(graph: Graph, kind: str, name: str) -> str:
    """Make an alias a name of its own again, and keep rules from ever merging the two.

    Returns:
        The name that it was an alias of.

    Raises:
        UnknownName: there is no such alias.
    """
    known = {known.name: known for known in read_names(graph, kind)}
    canonical = known[name].canonical if name in known else None
    if canonical is None:
        raise UnknownName(f"No {kind} has the alias {name!r}")
    graph.write_all(
        [
            (f"write/undo_{kind}_aliases", {"names": [name]}),
            (f"write/part_{kind}s", {"one": name, "other": canonical}),
        ]
    )
    number_nodes(graph, f"{kind}s")
    return canonical


def merge_alias(graph: Graph, kind: str, alias: str, canonical: str, now: datetime) -> str:
    """Make a name an alias of another because a person says so; its own aliases go along.

    Returns:
        The name it is an alias of now: where ``canonical`` is itself an alias, that of both.

    Raises:
        UnknownName: one of the names is not in the graph, or both mean the same already.
    """
    known = {name.name: name for name in read_names(graph, kind)}
    for name in (alias, canonical):
        if name not in known:
            raise UnknownName(f"No {kind} is called {name!r}")
    target = known[canonical].canonical or canonical
    if target in (alias, known[alias].canonical):
        raise UnknownName(f"{alias!r} and {canonical!r} are one {kind} already")
    present = {name.name: name.canonical for name in known.values() if name.canonical is not None}
    told = Alias(target, PERSON, 1.0)
    wanted = {name: Alias(to, PERSON, 1.0) for name, to in present.items()}
    wanted |= {name: told for name, to in present.items() if to == alias} | {alias: told}
    graph.write(f"write/join_{kind}s", one=alias, other=target)
    write_aliases(graph, kind, present, wanted, now)
    return target


def check_kind(kind: str) -> str:
    """The kind itself.

    Raises:
        ValueError: there is none of that name.
    """
    if kind not in KINDS:
        raise ValueError(f"No kind of name {kind!r}: there are {', '.join(KINDS)}")
    return kind


def _canonical(alias: Alias | None) -> str | None:
    return None if alias is None else alias.canonical


def _packed(components: Iterable[set[str]]) -> Iterator[set[str]]:
    """Small components together, large ones alone."""
    pack: set[str] = set()
    for component in components:
        if pack and len(pack) + len(component) > BATCH_ALIASES:
            yield pack
            pack = set()
        pack |= component
    if pack:
        yield pack


def _native(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose times are Python's own."""
    return {
        key: value.to_native() if hasattr(value, "to_native") else value
        for key, value in row.items()
    }
