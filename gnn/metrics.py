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


def target_ranks(scores: npt.NDArray[np.float32], targets: IntArray) -> tuple[Values, IntArray]:
    """Rank the targets of one row, best first, pessimistically, without sorting the row.

    Shapes:
        scores: (products,), -inf where a product is masked or no candidate
        targets: (targets,) distinct products
        returned: (targets,) float64, ascending; the targets in that order
    """
    order = np.argsort(-scores[targets], kind="stable")
    own = scores[targets[order]]
    ranks = np.full(len(own), MISSED)
    # Of the targets themselves, those that score at least as much, in a descending list.
    level = np.searchsorted(-own, -own, side="right")
    for place in range(np.count_nonzero(own > -np.inf)):
        others = np.count_nonzero(scores >= own[place]) - level[place]
        ranks[place] = 1 + others + place
    return ranks, targets[order]


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


def auc(ranks: Ranks, negatives: IntArray) -> Values:
    """Share of the pairs of a target and another candidate in which the target scores more.

    A target that can never be found loses all of its pairs; without other candidates there is
    nothing to lose.

    Shapes:
        negatives: (rows,), how many candidates of each row are neither masked nor targets
    """
    places = np.arange(len(ranks.rank)) - np.repeat(ranks.indptr[:-1], ranks.num_targets)
    most = np.repeat(negatives, ranks.num_targets)
    above = np.where(ranks.rank == MISSED, most, ranks.rank - 1 - places)
    lost = np.where(most > 0, above / np.maximum(most, 1), ranks.rank == MISSED)
    return 1 - ranks.sum_by_row(lost.astype(np.float64)) / ranks.num_targets


def rmse(predicted: Values, ratings: Values) -> float:
    """Root of the mean squared error of predicted ratings.

    Raises:
        ValueError: there are none, or not as many of both.
    """
    return float(np.sqrt(np.mean(_errors(predicted, ratings) ** 2)))


def mae(predicted: Values, ratings: Values) -> float:
    """Mean absolute error of predicted ratings.

    Raises:
        ValueError: there are none, or not as many of both.
    """
    return float(np.mean(np.abs(_errors(predicted, ratings))))


def _errors(predicted: Values, ratings: Values) -> Values:
    if predicted.shape != ratings.shape or not len(ratings):
        raise ValueError(f"need the same ratings of both, got {predicted.shape}, {ratings.shape}")
    return predicted - ratings
