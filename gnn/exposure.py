"""What recommendations are like besides right: how wide, how new, how varied, for whom."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from gnn.histories import Histories, IntArray
from gnn.linear import unit_rows
from gnn.metrics import Ranks, Values
from gnn.recommender import FloatArray

#: Groups of products by popularity, and of users by the length of their history.
DECILES = 10
USER_GROUPS = 4


def coverage(shown: IntArray, candidates: npt.NDArray[np.bool_]) -> float:
    """Share of the candidates that are shown to anyone.

    Shapes:
        shown: (rows, k), -1 where nothing is shown
    """
    return len(np.unique(shown[shown >= 0])) / max(1, int(np.count_nonzero(candidates)))


def novelty(shown: IntArray, train: Histories) -> float:
    """Mean over rows of -log2 of the share of users who had what is shown (Zhou et al., 2010).

    A product nobody had counts as if one more user had: share = (had + 1) / (users + 1).
    """
    users = np.count_nonzero(train.lengths)
    had = train.matrix().sum(axis=0)
    surprise = -np.log2((had + 1) / (users + 1))
    return _mean_shown(surprise, shown)


def popularity_shown(shown: IntArray, train: Histories) -> float:
    """Mean over rows of the share of the other products that fewer users had than what is shown.

    0.5 is what a random choice has; above it the popular are favoured.
    """
    had = np.asarray(train.matrix().sum(axis=0))
    ordered = np.sort(had)
    below = np.searchsorted(ordered, had, side="left")
    level = np.searchsorted(ordered, had, side="right") - below - 1
    return _mean_shown((below + level / 2) / max(1, len(had) - 1), shown)


def diversity(shown: IntArray, features: sp.csr_array | FloatArray) -> float:
    """Mean over rows of 1 - the mean cosine of all pairs shown (intra-list diversity).

    Rows that show fewer than two products have no pairs and are left out; a product without
    features resembles nothing.

    Shapes:
        features: (products, any) rows of unit length, or zero
    """
    counts = (shown >= 0).sum(axis=1)
    rows = np.flatnonzero(counts >= 2)
    if not len(rows):
        return 0.0
    lists = _lists(shown[rows], features.shape[0])
    # |Σ v|² = Σ |v|² + 2 Σ of the pairs' cosines.
    if isinstance(features, np.ndarray):
        own = (features**2).sum(axis=1)
        together = ((lists @ features) ** 2).sum(axis=1)
    else:
        own = features.multiply(features).sum(axis=1)
        total = sp.csr_array(lists @ features)
        together = total.multiply(total).sum(axis=1)
    n = counts[rows]
    return float(np.mean(1 - (together - lists @ own) / (n * (n - 1))))


def by_product_decile(
    shown: IntArray, ranks: Ranks, target: IntArray, train: Histories, k: int
) -> list[dict[str, float]]:
    """Products in ten equal groups, the most popular first: what each gets.

    ``share`` of all that is shown, and ``recall`` of the targets within the group among the first
    k, 0 where no target lies there.
    """
    had = train.matrix().sum(axis=0)
    order = np.argsort(-had, kind="stable")
    decile = np.empty(len(had), np.int64)
    decile[order] = np.arange(len(had)) * DECILES // len(had)
    first = shown[:, :k]
    share = np.bincount(decile[first[first >= 0]], minlength=DECILES)
    targets = np.bincount(decile[target], minlength=DECILES)
    hits = np.bincount(decile[target[ranks.rank <= k]], minlength=DECILES)
    return [
        {
            "share": float(share[i] / max(1, share.sum())),
            "targets": int(targets[i]),
            "recall": float(hits[i] / max(1, targets[i])),
        }
        for i in range(DECILES)
    ]


def by_history_length(lengths: IntArray, values: dict[str, Values]) -> list[dict[str, float]]:
    """Users in up to four groups of about equal size by how many events are known of them.

    Shapes:
        lengths: (rows,); values: (rows,) each
    """
    edges = np.unique(np.quantile(lengths, np.linspace(0, 1, USER_GROUPS + 1)[1:-1]))
    group = np.searchsorted(edges, lengths, side="left")
    return [
        {"least": int(lengths[own].min()), "most": int(lengths[own].max()), "users": int(own.sum())}
        | {name: float(of[own].mean()) for name, of in values.items()}
        for own in (group == number for number in np.unique(group))
    ]


def unit_features(vectors: FloatArray | None, train: Histories) -> sp.csr_array | FloatArray:
    """What products are compared by: their text's vectors, else the users who had them."""
    if vectors is not None:
        return unit_rows(vectors)
    return unit_rows(sp.csr_array(train.matrix().T))


def describe(
    shown: IntArray, train: Histories, features: sp.csr_array | FloatArray, k: int
) -> dict[str, float]:
    """The numbers of a table's row about what is shown among the first k."""
    first = shown[:, :k]
    return {
        f"novelty@{k}": novelty(first, train),
        f"diversity@{k}": diversity(first, features),
        f"popularity@{k}": popularity_shown(first, train),
    }


def _mean_shown(values: Any, shown: IntArray) -> float:
    """Mean over rows of the mean of what each row shows; rows that show nothing are left out."""
    there = shown >= 0
    counts = there.sum(axis=1)
    some = counts > 0
    if not some.any():
        return 0.0
    totals = np.where(there, np.asarray(values)[shown], 0.0).sum(axis=1)
    return float(np.mean(totals[some] / counts[some]))


def _lists(shown: IntArray, num_products: int) -> sp.csr_array:
    """Rows × products, 1 where a row shows a product."""
    there = shown >= 0
    indptr = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    data = np.ones(int(indptr[-1]), np.float32)
    return sp.csr_array((data, shown[there], indptr), shape=(len(shown), num_products))
