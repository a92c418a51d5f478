"""Why a product is recommended: what its score owes most to in the history, and a link to that.

A reason holds only where the graph links the two products, or they are the same, so that it can be
drawn as a path, and where the score falls without the one that is known (``gnn.explanation``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from gnn.explanation import explain, positions, without
from gnn.histories import Histories, IntArray
from gnn.inference import VectorRecommender
from gnn.recommender import FloatArray

#: Reasons a recommendation has at most.
REASONS = 3

#: Known products that are looked at for a link, those the score owes most first.
CONSIDERED = 8

#: A score falls where it falls by more than its own rounding.
LEAST = 1e-5

#: Rows explained at once.
BLOCK_ROWS = 512


@dataclass(frozen=True)
class Link:
    """A type of link, and which products it links: to each other, or to nodes that both share.

    Shapes:
        matrix: (products, products), or as ``by_node`` (products, nodes), not zero where linked
    """

    kind: str
    matrix: sp.csr_array
    by_node: bool = False

    @cached_property
    def keys(self) -> IntArray:
        """Directly linked pairs as single numbers, ascending."""
        row = np.repeat(np.arange(self.matrix.shape[0]), np.diff(self.matrix.indptr))
        return np.sort(row * self.matrix.shape[1] + self.matrix.indices)

    def links(self, one: IntArray, other: IntArray) -> npt.NDArray[np.bool_]:
        """Whether each pair of products is linked: (pairs,). None shares a node with itself."""
        if self.by_node:
            both = sp.csr_array(self.matrix[one].multiply(self.matrix[other]))
            shared: npt.NDArray[np.bool_] = (np.diff(both.indptr) > 0) & (one != other)
            return shared
        return positions(self.keys, one * self.matrix.shape[1] + other) >= 0


@dataclass(frozen=True)
class Reasons:
    """Up to three reasons of every recommendation, the weightiest first.

    Shapes:
        known: (queries, k, REASONS) int64 products of the history, -1 where there are fewer
        kind: the same, the place of the link in ``links``
        share: the same, float32, the part of all that the score owes to the history
    """

    known: IntArray
    kind: IntArray
    share: FloatArray

    def __len__(self) -> int:
        return int(np.count_nonzero(self.known >= 0))


def find_reasons(
    recommender: VectorRecommender,
    queries: Histories,
    now: IntArray | None,
    products: IntArray,
    links: Sequence[Link],
    progress: Callable[[int], None] | None = None,
) -> Reasons:
    """The reasons of recommendations, by the first of ``links`` that there is.

    Shapes:
        products: (queries, k) int64, -1 where there are fewer
    """
    shape = (*products.shape, REASONS)
    found = Reasons(np.full(shape, -1), np.full(shape, -1), np.zeros(shape, np.float32))
    for start in range(0, len(queries), BLOCK_ROWS):
        rows = np.arange(start, min(start + BLOCK_ROWS, len(queries)))
        asked = None if now is None else now[rows]
        wanted = products[rows]
        explained = explain(recommender, queries.take(rows), asked, wanted)
        loss = explained.loss
        owed = np.maximum(loss, 0).sum(axis=1)
        best = np.argsort(-loss, axis=1, kind="stable")[:, :CONSIDERED]
        weight = np.take_along_axis(loss, best, axis=1)
        known = explained.known[np.arange(len(rows))[:, None, None], best]
        owing = (weight > LEAST) & (known >= 0)
        kind = _linked(known, np.broadcast_to(wanted[:, None, :], known.shape), owing, links)
        # Those with a link first, in the order of weight as before.
        order = np.argsort(kind < 0, axis=1, kind="stable")[:, :REASONS]
        kept = np.take_along_axis(kind, order, axis=1)
        there = kept >= 0
        width = kept.shape[1]
        parts = {
            "known": np.where(there, np.take_along_axis(known, order, axis=1), -1),
            "kind": kept,
            "share": np.where(
                there,
                np.take_along_axis(weight, order, axis=1) / np.maximum(owed, 1e-12)[:, None, :],
                0,
            ),
        }
        for name, part in parts.items():
            getattr(found, name)[rows, :, :width] = part.transpose(0, 2, 1)
        if progress is not None:
            progress(len(rows))
    return found


def _linked(
    known: IntArray,
    wanted: IntArray,
    owing: npt.NDArray[np.bool_],
    links: Sequence[Link],
) -> IntArray:
    """The first link there is between the pairs that matter, -1 where there is none."""
    kind = np.full(known.shape, -1)
    pairs = np.flatnonzero(owing.ravel())
    for place, link in enumerate(links):
        hit = link.links(known.ravel()[pairs], wanted.ravel()[pairs])
        kind.ravel()[pairs[hit]] = place
        pairs = pairs[~hit]
    return kind


@dataclass(frozen=True)
class Faithfulness:
    """Of how many recommendations the score falls when what a reason names is deleted.

    ``control`` is the same for a product of the history taken at random; ``drop`` and
    ``control_drop`` are by how much it falls on average.
    """

    tested: int
    fell: float
    control: float
    drop: float
    control_drop: float


def faithfulness(
    recommender: VectorRecommender,
    queries: Histories,
    now: IntArray | None,
    products: IntArray,
    reasons: Reasons,
    sample: int = 500,
    seed: int = 0,
) -> Faithfulness:
    """Delete what reasons name from real histories, score again, and see (deletion test).

    One reason of each of up to ``sample`` recommendations, drawn at random.
    """
    rng = np.random.default_rng(seed)
    row, column, place = np.nonzero(reasons.known >= 0)
    if not len(row):
        return Faithfulness(0, 0.0, 0.0, 0.0, 0.0)
    drawn = rng.permutation(len(row))[:sample]
    row, column, place = row[drawn], column[drawn], place[drawn]
    histories = queries.take(row)
    asked = None if now is None else now[row]
    product = products[row, column]
    named = reasons.known[row, column, place]
    begin, end = histories.indptr[:-1], histories.indptr[1:]
    anything = histories.product[rng.integers(begin, end)]

    def drops(deleted: IntArray) -> npt.NDArray[np.float32]:
        left = recommender.score(without(histories, deleted), asked)
        return before - left[np.arange(len(row)), product]

    before = recommender.score(histories, asked)[np.arange(len(row)), product]
    own, other = drops(named), drops(anything)
    return Faithfulness(
        tested=len(row),
        fell=float(np.mean(own > LEAST)),
        control=float(np.mean(other > LEAST)),
        drop=float(own.mean()),
        control_drop=float(other.mean()),
    )
