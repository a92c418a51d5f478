"""Mini-batches of a graph too large to propagate whole: a step's products and sampled neighbours.

One layer deep, as the encoder is: a product gathers from at most ``fanout`` neighbours a relation,
drawn uniformly, their weights scaled so that the sum is right on average (Hamilton et al.,
GraphSAGE, 2017).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from gnn.histories import IntArray
from gnn.model import EdgeType
from gnn.propagation import Adjacency


@dataclass(frozen=True)
class Block:
    """What is needed to embed some products: they and what they gather from.

    Shapes:
        rows: (rows,) int64 products, ascending, to be embedded
        sources: (sources,) int64 products, ascending, all rows among them
        place: (rows,) int64, where each row stands among the sources
        graph: product relations (rows, sources); attributes of products (sources, attributes)
    """

    rows: Tensor
    sources: Tensor
    place: Tensor
    graph: dict[EdgeType, Adjacency]

    def at(self, products: Tensor) -> Tensor:
        """Where products stand among the rows."""
        return torch.searchsorted(self.rows, products)


def sample_neighbours(
    relation: sp.csr_array, rows: IntArray, fanout: int, rng: np.random.Generator
) -> sp.csr_array:
    """At most ``fanout`` entries of each row, drawn without replacement, times degree / drawn.

    Rows with no more than ``fanout`` come whole. The expectation is the rows themselves.

    Shapes:
        relation: (targets, sources); rows: (rows,); returned: (rows, sources)
    """
    chosen = sp.csr_array(relation[rows])
    degree = np.diff(chosen.indptr)
    row = np.repeat(np.arange(len(rows)), degree)
    order = np.lexsort((rng.random(chosen.nnz), row))
    drawn = np.zeros(chosen.nnz, np.bool_)
    drawn[order] = np.arange(chosen.nnz) - chosen.indptr[row] < fanout
    scale = np.maximum(degree / fanout, 1.0).astype(np.float32)[row[drawn]]
    indptr = np.concatenate([[0], np.cumsum(np.minimum(degree, fanout))])
    parts = (chosen.data[drawn] * scale, chosen.indices[drawn], indptr)
    return sp.csr_array(parts, shape=chosen.shape)


def block_of(
    graph: Mapping[EdgeType, Adjacency],
    products: IntArray,
    fanout: int,
    rng: np.random.Generator,
    device: torch.device,
) -> Block:
    """The block of some products, each maybe named several times, on a device."""
    rows = np.unique(products)
    between = {of: each for of, each in graph.items() if of[0] == "product"}
    sampled = {
        of: sample_neighbours(each.scipy(), rows, fanout, rng) for of, each in between.items()
    }
    sources = np.unique(np.concatenate([rows, *(each.indices for each in sampled.values())]))
    edges = {of: _renamed(each, sources) for of, each in sampled.items()}
    edges |= {
        of: sp.csr_array(each.scipy()[sources]) for of, each in graph.items() if of not in between
    }
    return Block(
        torch.from_numpy(rows).to(device),
        torch.from_numpy(sources.astype(np.int64)).to(device),
        torch.from_numpy(np.searchsorted(sources, rows)).to(device),
        {of: Adjacency.from_scipy(each).to(device) for of, each in edges.items()},
    )


def _renamed(matrix: sp.csr_array, sources: IntArray) -> sp.csr_array:
    """The same entries, columns counted among the sources."""
    columns = np.searchsorted(sources, matrix.indices)
    shape = (matrix.shape[0], len(sources))
    return sp.csr_array((matrix.data, columns, matrix.indptr), shape=shape)
