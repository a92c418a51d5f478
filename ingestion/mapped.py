"""A graph that is there already as a source: its nodes and relationships as rows of tables.

Why a load and not readers that take labels as parameters everywhere: vector indexes, keys and the
queries that people paste into Browser name labels in their text. So the user's nodes get our label
beside their own, and what they hold goes through the same cleaning, history, report and repeats as
a folder of tables; all that reads afterwards is the same for everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Final

import pandas as pd

from ingestion.blocks import BLOCK_ROWS, Block, Spelling
from ingestion.clean import BETWEEN, LEVEL
from ingestion.load import LoadReport, load
from ingestion.mapping import Attribute, Link, Mapping, Nodes, Products, Tree, read_mapping
from ingestion.spelling import UNDECLARED, Declared
from kg.connection import Graph
from kg.mapped import Ends, Values, adopt_nodes, read_chains, read_nodes, read_pairs
from kg.tombstones import read_tombstones

#: Whole numbers in a column of times count seconds or milliseconds.
EPOCH: Final = Spelling(dates="epoch", why="whole numbers in the graph")
TIMES: Final = ("occurred_at", "created_at", "valid_from")

Row = dict[str, str | list[str] | None]


@dataclass(frozen=True)
class AdoptReport:
    """How many nodes got our label, and what became of the rows they and their links hold."""

    users: int
    products: int
    load: LoadReport


def adopt(
    graph: Graph,
    path: Path,
    *,
    rejects_dir: Path,
    until: datetime | None = None,
    declared: Declared = UNDECLARED,
    progress: Callable[[int], None] | None = None,
) -> AdoptReport:
    """Take a graph as its mapping file says; safe to repeat, a repetition adds what is new.

    Raises:
        SourceError: the mapping cannot be read.
        MappingClash: the graph does not fit it.
    """
    mapping = read_mapping(path)
    stones, now = read_tombstones(graph), datetime.now(UTC)
    products = mapping.products
    labelled = {
        table: adopt_nodes(graph, table, nodes.label, nodes.key, _written(nodes), stones, now)
        for table, nodes in (("users", mapping.users), ("products", products))
    }
    report = load(
        graph,
        path,
        rejects_dir=rejects_dir,
        until=until,
        declared=declared,
        progress=progress,
        module=MappedGraph(graph, mapping),
    )
    return AdoptReport(labelled["users"], labelled["products"], report)


class MappedGraph:
    """A mapped graph in the shape of a module of ``ingestion.sources``."""

    def __init__(self, graph: Graph, mapping: Mapping) -> None:
        self._graph = graph
        self._mapping = mapping

    def detect(self, path: Path) -> bool:
        """Never asked: a mapping is given, not found."""
        return False

    def read(
        self,
        path: Path,
        block_rows: int = BLOCK_ROWS,
        until: datetime | None = None,
        declared: Declared = UNDECLARED,
    ) -> Generator[Block, None, None]:
        """The tables block by block, facts first; a row's line is its number in the table."""
        tables: dict[str, Iterator[Row]] = {
            "products": self._products(),
            "users": self._users(),
            "relations": self._relations(),
            "follows": self._follows(),
            "interactions": self._events(),
        }
        for table, rows in tables.items():
            line = 1
            while batch := list(islice(rows, block_rows)):
                frame = pd.DataFrame(batch, index=range(line, line + len(batch)))
                line += len(batch)
                for name in frame:
                    if not frame[name].map(lambda cell: isinstance(cell, list)).any():
                        frame[name] = frame[name].astype("str")
                numeric = [
                    name
                    for name in TIMES
                    if name in frame and frame[name].str.fullmatch(r"-?[0-9]+").any()
                ]
                yield Block(table, frame, path, spelling=dict.fromkeys(numeric, EPOCH))

    def _users(self) -> Iterator[Row]:
        nodes = self._mapping.users
        for user_id, values in self._nodes(nodes):
            yield {"user_id": user_id, **_named(nodes.columns, values)}

    def _products(self) -> Iterator[Row]:
        products = self._mapping.products
        brands = self._linked(products.brand)
        categories = self._categories(products)
        attributes: dict[str, list[str]] = {}
        for link in products.attributes:
            for product_id, keys in self._linked(link).items():
                attributes.setdefault(product_id, []).extend(_attribute(link, key) for key in keys)
        for product_id, values in self._nodes(products):
            row: Row = {"product_id": product_id, **_named(products.columns, values)}
            if products.brand is not None:
                row["brand"] = next(iter(brands.get(product_id, ())), None)
            if products.category is not None:
                row["category"] = BETWEEN.join(categories.get(product_id, ())) or None
            if products.attributes:
                row["attributes"] = BETWEEN.join(attributes.get(product_id, ())) or None
            yield row

    def _relations(self) -> Iterator[Row]:
        products = self._mapping.products
        ends = Ends(products.label, products.key, products.label, products.key)
        for part in self._mapping.relations:
            pairs = read_pairs(self._graph, ends, part.type, [*part.columns.values()])
            for source, target, values in pairs:
                row: Row = {
                    "product_id": source,
                    "relation": part.relation or part.type,
                    "other_id": target,
                }
                yield row | _named(part.columns, values)

    def _follows(self) -> Iterator[Row]:
        users = self._mapping.users
        ends = Ends(users.label, users.key, users.label, users.key)
        for part in self._mapping.follows:
            pairs = read_pairs(self._graph, ends, part.type, [*part.columns.values()])
            for source, target, values in pairs:
                row: Row = {"user_id": source, "follows_id": target}
                yield row | _named(part.columns, values)

    def _events(self) -> Iterator[Row]:
        users, products = self._mapping.users, self._mapping.products
        for part in self._mapping.events:
            columns = [*part.columns.values()]
            ends = Ends(users.label, users.key, products.label, products.key)
            found: Iterable[tuple[str, str, Values]]
            if part.through is not None:
                found = read_chains(self._graph, ends, part.through, columns)
            elif part.type is not None and part.direction == "out":
                found = read_pairs(self._graph, ends, part.type, columns)
            else:
                back = Ends(products.label, products.key, users.label, users.key)
                pairs = read_pairs(self._graph, back, part.type or "", columns)
                found = ((user, product, values) for product, user, values in pairs)
            for user_id, product_id, values in found:
                row: Row = {"user_id": user_id, "product_id": product_id, "kind": part.kind}
                yield row | _named(part.columns, values)

    def _nodes(self, nodes: Nodes) -> Iterator[tuple[str, Values]]:
        return read_nodes(self._graph, nodes.label, nodes.key, [*nodes.columns.values()])

    def _linked(self, link: Link | None) -> dict[str, list[str]]:
        """The keys that each product is linked to, sorted."""
        if link is None:
            return {}
        products = self._mapping.products
        there = Ends(products.label, products.key, link.label, link.key)
        back = Ends(link.label, link.key, products.label, products.key)
        out = link.direction == "out"
        pairs = read_pairs(self._graph, there if out else back, link.type)
        found: dict[str, set[str]] = {}
        for source, target, _ in pairs:
            product_id, key = (source, target) if out else (target, source)
            found.setdefault(product_id, set()).add(key)
        return {product_id: sorted(keys) for product_id, keys in found.items()}

    def _categories(self, products: Products) -> dict[str, list[str]]:
        """The paths that each product is in."""
        tree = products.category
        if tree is None:
            return {}
        parents = self._parents(tree)
        return {
            product_id: [_path(key, parents) for key in keys]
            for product_id, keys in self._linked(tree).items()
        }

    def _parents(self, tree: Tree) -> dict[str, str]:
        if tree.parent is None:
            return {}
        ends = Ends(tree.label, tree.key, tree.label, tree.key)
        pairs = sorted((a, b) for a, b, _ in read_pairs(self._graph, ends, tree.parent))
        # Of several parents the first by name: a path has one.
        return dict(reversed(pairs))


def _written(nodes: Nodes) -> list[str]:
    """Our names of properties that loads will write and the nodes do not hold under that name."""
    return [name for name, theirs in nodes.columns.items() if name != theirs]


def _named(columns: dict[str, str], values: Values) -> Row:
    return dict(zip(columns, values, strict=True))


def _attribute(link: Attribute, value: str) -> str:
    return value if link.name is None else f"{link.name}={value}"


def _path(key: str, parents: dict[str, str]) -> str:
    """A category's whole path; a cycle is cut where it closes."""
    levels = [key]
    while (above := parents.get(levels[0])) is not None and above not in levels:
        levels.insert(0, above)
    return LEVEL.join(levels)
