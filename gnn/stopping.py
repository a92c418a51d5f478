"""When to stop training: when validation has not got better for a while, or time is up."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from gnn import distributed
from gnn.evaluation import evaluate
from gnn.protocols.task import Task
from gnn.recommender import Context, Recommender
from gnn.selection import validation_metric

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Watch:
    """The validation that a training is asked after every epoch."""

    task: Task
    metric: str

    def value(self, recommender: Recommender) -> float:
        """How well that does now; of several processes the first finds out."""
        return distributed.of_first(lambda: evaluate(recommender, self.task).metrics[self.metric])


def train_until_worse(
    train_round: Callable[[], None],
    recommender: Callable[[], Recommender],
    keep: Callable[[], None],
    restore: Callable[[], None],
    context: Context,
    rounds: int,
    patience: int,
) -> int:
    """Train at most so many rounds; returns how many the kept parameters have had.

    Without ``context.held_out`` all rounds are trained, whatever the time. With it, training
    stops after ``patience`` rounds that were no better than the best, or before the round that
    would end after ``context.train_seconds``; the parameters of the best round are restored.
    """
    if context.held_out is None:
        for _ in range(rounds):
            train_round()
        return rounds
    metric = validation_metric(context.held_out)
    started = time.perf_counter()
    best, best_round, done, longest = -1.0, 0, 0, 0.0
    while done < rounds and done - best_round < patience:
        begun = time.perf_counter()
        if done and begun - started + longest > context.train_seconds:
            log.info("the time for training is spent after %d rounds", done)
            break
        train_round()
        done += 1
        value = evaluate(recommender(), context.held_out).metrics[metric]
        longest = max(longest, time.perf_counter() - begun)
        log.debug("round %d: %s %.4f in %.1f s", done, metric, value, longest)
        if value > best:
            best, best_round = value, done
            keep()
    restore()
    return best_round
