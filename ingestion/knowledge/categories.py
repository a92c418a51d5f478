"""Whether the categories are the tree that their paths say: what is found is told, not mended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Final

import networkx as nx

from ingestion.knowledge.names import normal_form
from kg.connection import Graph
from kg.products import LEVEL

#: What can be wrong, in the order of findings.
PROBLEMS: Final = {
    "cycle": "these hang under one another in a circle",
    "several-parents": "it hangs under more than one category",
    "other-parent": "it hangs under another category than its path says",
    "orphan": "its path says a parent that it does not hang under, or that is not there",
    "empty": "neither it nor any category below it has a product",
    "alike": "categories under one parent differ in letter case, accents or punctuation alone",
}


@dataclass(frozen=True)
class Category:
    """A category, the paths it hangs under, and how many products it holds itself."""

    path: str
    parents: tuple[str, ...]
    products: int


@dataclass(frozen=True)
class Finding:
    """One problem and the paths of the categories that have it."""

    problem: str
    paths: tuple[str, ...]


def check_tree(graph: Graph) -> list[Finding]:
    """Check the graph's categories; nothing is written."""
    rows = graph.read("read/category_tree")
    return findings([Category(r["path"], tuple(r["parents"]), r["products"]) for r in rows])


def findings(categories: Sequence[Category]) -> list[Finding]:
    """What keeps categories from being a tree by their paths, by problem and then by path."""
    tree: nx.DiGraph[str] = nx.DiGraph()
    tree.add_nodes_from(category.path for category in categories)
    tree.add_edges_from((c.path, parent) for c in categories for parent in c.parents)
    found = [
        Finding("cycle", tuple(sorted(ring)))
        for ring in nx.strongly_connected_components(tree)
        if len(ring) > 1 or any(tree.has_edge(path, path) for path in ring)
    ]
    filled = {c.path for c in categories if c.products}
    # All above a category with products: descendants along edges that lead upwards.
    filled |= {up for path in filled for up in nx.descendants(tree, path)}
    siblings: dict[tuple[str, str], list[str]] = defaultdict(list)
    for category in categories:
        above, mark, name = category.path.rpartition(LEVEL)
        siblings[above, normal_form(name)].append(category.path)
        own = (category.path,)
        if len(category.parents) > 1:
            found.append(Finding("several-parents", own))
        if set(category.parents) - {above}:
            found.append(Finding("other-parent", own))
        if mark and above not in category.parents:
            found.append(Finding("orphan", own))
        if category.path not in filled:
            found.append(Finding("empty", own))
    found += [Finding("alike", tuple(paths)) for paths in siblings.values() if len(paths) > 1]
    order = list(PROBLEMS)
    return sorted(found, key=lambda finding: (order.index(finding.problem), finding.paths))


def told(finding: Finding) -> dict[str, object]:
    """A finding with what it means."""
    return asdict(finding) | {"meaning": PROBLEMS[finding.problem]}
