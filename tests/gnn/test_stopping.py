from dataclasses import replace

import numpy as np
import pytest

from gnn.baselines.popularity import StaticRecommender
from gnn.protocols import leave_one_out
from gnn.recommender import Context
from gnn.stopping import train_until_worse


class Learner:
    """A model whose target rises and falls as rounds go by."""

    def __init__(self, target: int, *heights: float) -> None:
        self.target, self.heights = target, heights
        self.round, self.kept = 0, 0

    def train(self) -> None:
        self.round += 1

    def recommender(self) -> StaticRecommender:
        scores = np.arange(10, dtype=np.float32)
        scores[self.target] = self.heights[self.round - 1]
        return StaticRecommender(scores)

    def keep(self) -> None:
        self.kept = self.round

    def restore(self) -> None:
        self.round = self.kept

    def run(self, context: Context, rounds: int, patience: int) -> int:
        return train_until_worse(
            self.train, self.recommender, self.keep, self.restore, context, rounds, patience
        )


@pytest.fixture
def context(histories) -> Context:
    split = leave_one_out.split(histories([[0, 1, 2], [0, 1, 3]], 10))
    return Context(held_out=split.valid)  # everybody is asked for product 1


def test_the_best_round_is_kept_and_restored(context) -> None:
    learner = Learner(1, 4.5, 8.5, 6.5, 5.5, 9.5)
    assert learner.run(context, rounds=10, patience=2) == 2
    assert learner.round == 2


def test_training_goes_on_while_it_gets_better(context) -> None:
    learner = Learner(1, 4.5, 3.5, 8.5, 2.5)
    assert learner.run(context, rounds=4, patience=2) == 3


def test_training_ends_when_its_time_is_spent(context) -> None:
    learner = Learner(1, 4.5, 5.5, 6.5)
    assert learner.run(replace(context, train_seconds=0.0), rounds=3, patience=3) == 1


def test_without_validation_all_rounds_are_trained() -> None:
    learner = Learner(1, 1, 2, 3)
    assert learner.run(Context(train_seconds=0.0), rounds=3, patience=1) == 3
    assert learner.round == 3
    assert learner.kept == 0
