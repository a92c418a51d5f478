"""One way to measure every model: full rankings over all candidates, in blocks of rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from gnn import metrics
from gnn.histories import IntArray
from gnn.metrics import Ranks, Values
from gnn.protocols.task import Task
from gnn.recommender import FloatArray, Recommender

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
    """

    metrics: dict[str, float]
    rows: dict[str, Values]
    asked: IntArray

    def reported(self) -> dict[str, float]:
        """The metrics that a benchmark reports."""
        return {name: self.metrics[name] for name in REPORTED}


def evaluate(
    recommender: Recommender, task: Task, ks: Sequence[int] = (10, 20), block_rows: int = 512
) -> Evaluation:
    """Rank all candidates less the masked for every row that has a target.

    Raises:
        ValueError: a score is not finite, or no row has a target.
    """
    asked = np.flatnonzero(np.diff(task.targets.indptr)).astype(np.int64)
    if not len(asked):
        raise ValueError("no row has a target")
    shown = np.zeros((len(ks), task.train.num_products), bool)
    ranks: list[Values] = []
    for start in range(0, len(asked), block_rows):
        block = task.take(asked[start : start + block_rows])
        scores = masked_scores(recommender, block)
        _mark_shown(scores, ks, shown)
        targets = np.split(block.targets.indices.astype(np.int64), block.targets.indptr[1:-1])
        ranks += [metrics.target_ranks(line, of) for line, of in zip(scores, targets, strict=True)]
    indptr = np.concatenate([[0], np.cumsum([len(of) for of in ranks])]).astype(np.int64)
    rows = measure(Ranks(indptr, np.concatenate(ranks)), ks)
    means = {name: float(values.mean()) for name, values in rows.items()}
    catalogue = max(1, int(np.count_nonzero(task.candidates)))
    means |= {
        f"coverage@{k}": int(np.count_nonzero(seen)) / catalogue
        for k, seen in zip(ks, shown, strict=True)
    }
    return Evaluation(means, rows, asked)


def measure(ranks: Ranks, ks: Sequence[int]) -> dict[str, Values]:
    """Every metric of every row."""
    at_k = {f"{name}@{k}": of(ranks, k) for k in ks for name, of in _AT_K.items()}
    return at_k | {name: of(ranks) for name, of in _WHOLE.items()}


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
    rows = np.repeat(np.arange(len(task.queries)), np.diff(task.masked.indptr))
    scores[rows, task.masked.indices] = -np.inf
    return scores


def _mark_shown(scores: FloatArray, ks: Sequence[int], shown: npt.NDArray[np.bool_]) -> None:
    """Mark the products among each row's first k; which of equal scores come first is open."""
    best, product = torch.topk(torch.from_numpy(scores), min(max(ks), scores.shape[1]))
    possible = best.numpy() > -np.inf
    for k, seen in zip(ks, shown, strict=True):
        seen[product.numpy()[:, :k][possible[:, :k]]] = True


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
