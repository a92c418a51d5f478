"""Brands and attributes that are written in several ways become one node each, with aliases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ingestion.knowledge.clusters import Merge, Suggestion, cluster
from kg.connection import Graph
from kg.knowledge.names import KINDS, PERSON, Alias, Name, read_apart, read_names, write_aliases


@dataclass(frozen=True)
class Resolved:
    """What became of the names of one kind; ``alike`` pairs were left for a person to judge."""

    names: int
    aliases: int
    merged: int
    undone: int
    alike: int


def resolve(graph: Graph, now: datetime) -> dict[str, Resolved]:
    """Merge the names that mean the same; a second run changes nothing.

    What a person has merged or parted stays so. Where another form has become the commonest, it
    becomes the canonical name.

    Returns:
        By kind: brand, attribute.
    """
    resolved = {}
    for kind in KINDS:
        names = read_names(graph, kind)
        present = {name.name: name.canonical for name in names if name.canonical is not None}
        merges, alike = _cluster(graph, kind, names)
        wanted = {merge.alias: Alias(merge.canonical, merge.rule, merge.score) for merge in merges}
        merged, undone = write_aliases(graph, kind, present, wanted, now)
        resolved[kind] = Resolved(len(names), len(wanted), merged, undone, len(alike))
    return resolved


def suggest(graph: Graph) -> dict[str, list[Suggestion]]:
    """The pairs of names that look alike and are left apart, by kind, the likest first."""
    return {kind: _cluster(graph, kind, read_names(graph, kind))[1] for kind in KINDS}


def _cluster(
    graph: Graph, kind: str, names: Sequence[Name]
) -> tuple[list[Merge], list[Suggestion]]:
    told = {n.name: n.canonical for n in names if n.rule == PERSON and n.canonical is not None}
    products = {name.name: name.products for name in names}
    return cluster(kind, products, told, read_apart(graph, kind))
