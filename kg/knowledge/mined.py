"""Attributes that were read off texts; the link says so, and by which rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kg.connection import Graph
from kg.numbering import number_nodes
from kg.read import read_pages


@dataclass(frozen=True)
class MiningText:
    """What a product says of itself, and which attributes it has.

    ``given`` are the keys that its source wrote; ``mined`` maps each mined key to its rule.
    """

    idx: int
    title: str | None
    description: str | None
    given: list[str]
    mined: dict[str, str]


@dataclass(frozen=True)
class Change:
    """Mined attributes that a product loses and gets, each new key with its rule."""

    idx: int
    gone: Sequence[str]
    new: Mapping[str, str]


def read_mining_texts(graph: Graph) -> Iterator[list[MiningText]]:
    """Read all products, page by page, in the order of tensor rows."""
    products = graph.read("read/count_rows")[0]["products"]
    for page in read_pages(products):
        rows = graph.read("read/mining_texts", **page)
        mined = [{link["key"]: link["rule"] for link in row["mined"]} for row in rows]
        yield [
            MiningText(row["idx"], row["title"], row["description"], row["given"], keys)
            for row, keys in zip(rows, mined, strict=True)
        ]


def write_mined(graph: Graph, changes: Sequence[Change]) -> None:
    """Change products' mined attributes in one transaction; safe to repeat."""
    graph.write(
        "write/write_mined_attributes",
        idx=[change.idx for change in changes],
        gone=[list(change.gone) for change in changes],
        key=[list(change.new) for change in changes],
        rule=[list(change.new.values()) for change in changes],
    )


def finish_mining(graph: Graph, gone: Sequence[str]) -> None:
    """Delete the attributes among ``gone`` that nothing has any more; give new ones their rows."""
    graph.write("write/delete_unused_attributes", keys=list(gone))
    number_nodes(graph, "attributes")
