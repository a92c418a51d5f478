"""How much each relation of the sparse term counts, chosen on validation after the training."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gnn import metrics
from gnn.evaluation import masked_scores
from gnn.histories import IntArray
from gnn.inference import VectorRecommender
from gnn.metrics import Ranks
from gnn.neighbours import Entries
from gnn.protocols.task import Task
from gnn.questions import Past
from gnn.selection import sample_rows

log = logging.getLogger(__name__)

#: What a weight may be multiplied with in one step, and how often every weight has its turn.
STEPS = (1 / 3, 3.0)
ROUNDS = 3

#: A step is taken where validation gets better by more than this share of itself.
LEAST_GAIN = 0.003

#: Scores held at once: 400 MB.
MOST_SCORES = 100_000_000


@dataclass(frozen=True)
class Parts:
    """Validation's scores, taken apart.

    Shapes:
        vectors: (rows, products), -inf at what is masked or no candidate
        entries: what each relation adds, its learned weight included
        targets: each row's targets
    """

    vectors: Tensor
    entries: list[Entries]
    targets: list[IntArray]

    def ndcg(self, factors: Sequence[float], k: int) -> float:
        """NDCG@k where each relation's weight is multiplied with its factor."""
        flat = self.vectors.clone().view(-1)
        for entries, factor in zip(self.entries, factors, strict=True):
            flat.index_add_(0, entries.place, factor * entries.value)
        scores = flat.view(self.vectors.shape).numpy()
        ranks = [
            metrics.target_ranks(line, of)[0] for line, of in zip(scores, self.targets, strict=True)
        ]
        indptr = np.concatenate([[0], np.cumsum([len(of) for of in ranks])]).astype(np.int64)
        return float(metrics.ndcg_at_k(Ranks(indptr, np.concatenate(ranks)), k).mean())


def balance(recommender: VectorRecommender, valid: Task, metric: str) -> tuple[float, ...]:
    """What to multiply each relation's learned weight with.

    With times, training asks shortly before somebody buys, and whoever uses the model at one
    moment for all: what it learns of products holds there, too, but how much whole relations count
    beside them, such as that a product was looked at, differs. So that is searched for afterwards,
    as every baseline's settings are: weight by weight, up or down, as long as validation gets
    better. Where order alone is known both ask for what comes next, and the learned weights were
    better (Office: NDCG@10 .1211, balanced .1184).

    Args:
        metric: ``ndcg@10`` or ``ndcg@20``
    """
    if recommender.neighbours is None:
        return ()
    k = int(metric.removeprefix("ndcg@"))
    rows = max(1, MOST_SCORES // valid.train.num_products)
    parts = _taken_apart(recommender, sample_rows(valid, rows, 0))
    factors = [1.0] * len(parts.entries)
    best = before = parts.ndcg(factors, k)
    for _ in range(ROUNDS):
        settled = True
        for place in range(len(factors)):
            for step in STEPS:
                tried = [*factors]
                tried[place] *= step
                value = parts.ndcg(tried, k)
                if value > best * (1 + LEAST_GAIN):
                    best, factors, settled = value, tried, False
        if settled:
            break
    log.info("validation %s %.4f, balanced %.4f by %s", metric, before, best, factors)
    return tuple(factors)


def _taken_apart(recommender: VectorRecommender, task: Task) -> Parts:
    asked = task.take(np.flatnonzero(np.diff(task.targets.indptr)).astype(np.int64))
    vectors = torch.from_numpy(masked_scores(recommender.vectors_only(), asked))
    term, indptr = recommender.neighbours, asked.queries.indptr
    assert term is not None
    assert term.gamma is not None
    found = term.entries(term.histories(Past(asked.queries), indptr[:-1], indptr[1:]))
    entries = [
        Entries(of.place, weight * of.value) for of, weight in zip(found, term.gamma, strict=True)
    ]
    targets = np.split(asked.targets.indices.astype(np.int64), asked.targets.indptr[1:-1])
    return Parts(vectors, entries, targets)
