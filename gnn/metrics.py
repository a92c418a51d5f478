"""Ranking metrics over full rankings, one value a row.

Ranks are pessimistic: whatever ties with a target stands above it. Of targets tied with one
another one stands directly above the next, since no order can hurt them all. So the rank of a
target is 1, plus the other candidates that score at least as much and are no targets, plus the
targets that score more, plus its place among the targets that score the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gnn.histories import IntArray

Values = npt.NDArray[np.float64]

#: The rank of a target that is no candidate or is masked: never found.
MISSED = np.inf


@dataclass(frozen=True)
class Ranks:
    """The ranks of every row's targets, best first; row r holds ``indptr[r]:indptr[r + 1]``.

    Shapes:
        indptr: (rows + 1,) int64
        rank: (targets,) float64 from 1 up, or ``MISSED``; ascending within a row
    """

    indptr: IntArray
    rank: Values

    def __post_init__(self) -> None:
        if (np.diff(self.indptr) < 1).any():
            raise ValueError("every row needs at least one target")

    @property
    def num_targets(self) -> IntArray:
        """Targets of each row: (rows,) int64."""
        return np.diff(self.indptr)

    def sum_by_row(self, values: Values) -> Values:
        """Add up one value a target into one a row."""
        return np.add.reduceat(values, self.indptr[:-1])


def target_ranks(scores: npt.NDArray[np.float32], targets: IntArray) -> Values:
    """Rank the targets of one row, best first, pessimistically.

    Shapes:
        scores: (products,), -inf where a product is masked or no candidate
        targets: (targets,) distinct products
        returned: (targets,) float64, ascending
    """
    own = np.sort(scores[targets])[::-1]
    ranks = np.full(len(own), MISSED)
    for place, score in enumerate(own):
        if score == -np.inf:
            break
        others = np.count_nonzero(scores >= score) - np.count_nonzero(own >= score)
        ranks[place] = 1 + others + place
    return ranks


def hits_at_k(ranks: Ranks, k: int) -> Values:
    """How many targets are among the first k."""
    if k < 1:
        raise ValueError(f"k must be at least 1 (got {k})")
    return ranks.sum_by_row((ranks.rank <= k).astype(np.float64))


def hr_at_k(ranks: Ranks, k: int) -> Values:
    """Whether any target is among the first k."""
    return (hits_at_k(ranks, k) > 0).astype(np.float64)


def recall_at_k(ranks: Ranks, k: int) -> Values:
    """Share of all targets among the first k."""
    return hits_at_k(ranks, k) / ranks.num_targets


def precision_at_k(ranks: Ranks, k: int) -> Values:
    """Share of the first k that are targets."""
    return hits_at_k(ranks, k) / k


def f1_at_k(ranks: Ranks, k: int) -> Values:
    """Harmonic mean of precision and recall among the first k."""
    return 2 * hits_at_k(ranks, k) / (k + ranks.num_targets)


def ndcg_at_k(ranks: Ranks, k: int) -> Values:
    """Discounted gain of the first k over that of min(k, targets) hits on top."""
    if k < 1:
        raise ValueError(f"k must be at least 1 (got {k})")
    gain = np.where(ranks.rank <= k, 1 / np.log2(ranks.rank + 1), 0.0)
    ideal = np.cumsum(1 / np.log2(np.arange(2, k + 2)))
    best: Values = ideal[np.minimum(ranks.num_targets, k) - 1]
    return ranks.sum_by_row(gain) / best


def reciprocal_rank(ranks: Ranks) -> Values:
    """One over the rank of the best-ranked target, over the whole ranking."""
    best: Values = 1 / ranks.rank[ranks.indptr[:-1]]
    return best


def average_precision(ranks: Ranks) -> Values:
    """Mean over the targets of the precision at their ranks, over the whole ranking."""
    places = np.arange(1, len(ranks.rank) + 1) - np.repeat(ranks.indptr[:-1], ranks.num_targets)
    return ranks.sum_by_row(places / ranks.rank) / ranks.num_targets
