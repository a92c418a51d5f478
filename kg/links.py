"""The sparse term of a run as edges between products, in the run's slot."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kg.connection import Graph
from kg.parallel import in_order

#: The type of a slot's edges: what it means to have the first product, for the second.
TYPES = {"a": "COUNTS_FOR_A", "b": "COUNTS_FOR_B"}

#: Products whose edges are written in one transaction.
BATCH_PRODUCTS = 200


@dataclass(frozen=True)
class Links:
    """Edges from products to products.

    Shapes:
        indptr: (products + 1,) where each source's edges begin; target: (edges,) tensor rows
        weights: (edges, matrices) float32
    """

    indptr: npt.NDArray[np.int64]
    target: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32]

    def of_rows_from(self, first: int) -> Links:
        """The edges alone that begin or end at tensor rows from ``first`` on."""
        source = np.repeat(np.arange(len(self.indptr) - 1), np.diff(self.indptr))
        kept = (source >= first) | (self.target >= first)
        indptr = np.searchsorted(source[kept], np.arange(len(self.indptr))).astype(np.int64)
        return Links(indptr, self.target[kept], self.weights[kept])


def replace_links(graph: Graph, slot: str, links: Links | None, first: int = 0) -> None:
    """Make these the edges of a slot, or of its tensor rows from ``first`` on.

    No transaction holds them all: a reader finds some of them meanwhile, as after a failure. So the
    slot is one that no reader looks at, or the rows are of products that nobody had. Two sessions
    write at once; what they share are the edges' targets, where the driver tries again should they
    ever wait for one another.
    """
    graph.run("write/clear_links", type=TYPES[slot], first=first)
    if links is None:
        return
    sources = np.flatnonzero(np.diff(links.indptr))

    def write(start: int) -> None:
        rows = sources[start : start + BATCH_PRODUCTS]
        inside = [slice(links.indptr[row], links.indptr[row + 1]) for row in rows]
        graph.write(
            "write/write_links",
            type=TYPES[slot],
            source=rows.tolist(),
            target=[links.target[each].tolist() for each in inside],
            weights=[links.weights[each].tolist() for each in inside],
        )

    for _ in in_order(write, range(0, len(sources), BATCH_PRODUCTS)):
        pass
