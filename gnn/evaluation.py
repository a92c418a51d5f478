"""One way to measure every model: full rankings over all candidates, in blocks of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch

from gnn import metrics
from gnn.exposure import coverage
from gnn.histories import IntArray
from gnn.metrics import Ranks, Values
from gnn.protocols.task import Task
from gnn.recommender import FloatArray, Recommender

#: Bytes of scores held at once: 100 MiB, of which masking and ranking make no second copy.
BLOCK_BYTES = 100 * 2**20

#: What a benchmark reports of a model.
REPORTED = ("hr@10", "ndcg@10", "recall@20", "ndcg@20", "mrr", "coverage@10")

_AT_K = {
    "hr": metrics.hr_at_k,
    "recall": metrics.recall_at_k,
    "ndcg": metrics.ndcg_at_k,
    "precision": metrics.precision_at_k,
    "f1": metrics.f1_at_k,
}
_WHOLE = {"mrr": metrics.reciprocal_rank, "map": metrics.average_precision}


@dataclass(frozen=True)
class Evaluation:
    """Means over the asked rows, and the rows they are means of.

    Shapes:
        metrics: 'hr@10', 'recall@20', 'mrr' … → mean; 'coverage@10' → share of the candidates
        rows: the same names, coverage apart → (asked,) float64
        asked: (asked,) int64, the task's rows that have a target, ascending
        target: (targets,) int64, the product of each of ``ranks``
        shown: (asked, largest k) int64, the best products first, -1 where there are no more
    """

    metrics: dict[str, float]
    rows: dict[str, Values]
    asked: IntArray
    ranks: Ranks
    target: IntArray
    shown: IntArray

    def reported(self) -> dict[str, float]:
        """The metrics that every benchmark reports."""
        return {name: self.metrics[name] for name in REPORTED}


def evaluate(
    recommender: Recommender,
    task: Task,
    ks: Sequence[int] = (10, 20),
    block_bytes: int = BLOCK_BYTES,
) -> Evaluation:
    """Rank all candidates less the masked for every row that has a target.

    Rows are scored in blocks of at most ``block_bytes`` of scores, one at a time.

    Raises:
        ValueError: a score is not finite, or no row has a target.
    """
    asked = np.flatnonzero(np.diff(task.targets.indptr)).astype(np.int64)
    if not len(asked):
        raise ValueError("no row has a target")
    ranks: list[Values] = []
    products: list[IntArray] = []
    shown = np.empty((len(asked), max(ks)), np.int64)
    negatives = np.empty(len(asked), np.int64)
    block_rows = max(1, block_bytes // (4 * task.train.num_products))
    for start in range(0, len(asked), block_rows):
        rows = slice(start, start + block_rows)
        block = task.take(asked[rows])
        scores = masked_scores(recommender, block)
        shown[rows] = best_products(scores, shown.shape[1])
        targets = np.split(block.targets.indices.astype(np.int64), block.targets.indptr[1:-1])
        for line, of in zip(scores, targets, strict=True):
            rank, product = metrics.target_ranks(line, of)
            ranks.append(rank)
            products.append(product)
        negatives[rows] = _negatives(block)
    indptr = np.concatenate([[0], np.cumsum([len(of) for of in ranks])]).astype(np.int64)
    joined = Ranks(indptr, np.concatenate(ranks))
    values = measure(joined, negatives, ks)
    means = {name: float(of.mean()) for name, of in values.items()}
    means |= {f"coverage@{k}": coverage(shown[:, :k], task.candidates) for k in ks}
    return Evaluation(means, values, asked, joined, np.concatenate(products), shown)


def measure(ranks: Ranks, negatives: IntArray, ks: Sequence[int]) -> dict[str, Values]:
    """Every metric of every row."""
    at_k = {f"{name}@{k}": of(ranks, k) for k in ks for name, of in _AT_K.items()}
    whole = {name: of(ranks) for name, of in _WHOLE.items()}
    return at_k | whole | {"auc": metrics.auc(ranks, negatives)}


def masked_scores(recommender: Recommender, task: Task) -> FloatArray:
    """Score a task's queries, -inf at what is masked or no candidate.

    Raises:
        ValueError: a score is not finite: NaN would win or lose every comparison silently.
    """
    scores = recommender.score(task.queries, task.now)
    if scores.shape != task.targets.shape:
        raise ValueError(f"scores have shape {scores.shape}, expected {task.targets.shape}")
    if not np.isfinite(scores).all():
        raise ValueError(f"{type(recommender).__name__} gave scores that are not finite")
    scores[:, ~task.candidates] = -np.inf
    scores[_rows_of(task.masked), task.masked.indices] = -np.inf
    return scores


def best_products(scores: FloatArray, k: int) -> IntArray:
    """Each row's best k, the best first, -1 where the rest is -inf; which of equals first is open.

    Shapes:
        scores: (rows, products); returned: (rows, k) int64
    """
    best = np.full((len(scores), k), -1, np.int64)
    value, product = torch.topk(torch.from_numpy(scores), min(k, scores.shape[1]))
    best[:, : value.shape[1]] = np.where(value.numpy() > -np.inf, product.numpy(), -1)
    return best


def _negatives(task: Task) -> IntArray:
    """How many candidates of each row are neither masked nor targets: (rows,) int64."""
    left = (task.targets + task.masked).tocsr()
    inside = task.candidates[left.indices]
    taken = np.bincount(_rows_of(left)[inside], minlength=left.shape[0])
    return np.count_nonzero(task.candidates) - taken


def _rows_of(matrix: sp.csr_array) -> IntArray:
    return np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))


def paired_bootstrap(
    a: Values, b: Values, seed: int = 0, resamples: int = 10_000, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Mean of ``a - b`` over rows with its percentile interval: (mean, low, high).

    Raises:
        ValueError: the two are not the same rows.
    """
    if a.shape != b.shape or not len(a):
        raise ValueError(f"need the same rows of both, got {a.shape} and {b.shape}")
    difference = a - b
    rng = np.random.default_rng(seed)
    block = max(1, 2_000_000 // len(difference))
    means = [
        difference[rng.integers(0, len(a), (min(block, resamples - start), len(a)))].mean(axis=1)
        for start in range(0, resamples, block)
    ]
    tail = (1 - confidence) / 2
    low, high = np.quantile(np.concatenate(means), [tail, 1 - tail])
    return float(difference.mean()), float(low), float(high)
