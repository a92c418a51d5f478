"""How much relations count, searched for on validation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from gnn.balance import balance
from gnn.behaviour import kind_weights
from gnn.config import ModelConfig
from gnn.evaluation import evaluate
from gnn.histories import Histories
from gnn.inference import VectorRecommender
from gnn.model import UserEncoder
from gnn.neighbours import NeighbourTerm, Relation
from gnn.protocols.task import PURCHASE, Task

BUYS = kind_weights("target", PURCHASE)


def leads(first: int, then: int) -> Relation:
    """One relation in which ``first`` leads to ``then``, adding 1 with a weight of 1."""
    matrix = sp.csr_array(([1.0], ([first], [then])), shape=(4, 4), dtype=np.float32)
    return Relation(matrix, 0.0, BUYS, linear=True)


def recommender(*gamma: float) -> VectorRecommender:
    """Scores 0, 2, 1, 0 for everybody; product 0 leads to 2 by one relation, to 3 by another."""
    users = UserEncoder(ModelConfig(dim=2))
    term = NeighbourTerm((leads(0, 2), leads(0, 3))).weighted(torch.tensor(gamma))
    return VectorRecommender(users, torch.zeros(4, 2), torch.tensor([0.0, 2.0, 1.0, 0.0]), 10, term)


@pytest.fixture
def task() -> Task:
    """One user who bought product 0 and buys product 2 next."""
    queries = Histories(
        np.array([0, 1]), np.array([0]), np.array([PURCHASE]), np.zeros(1, np.int64), 4
    )
    targets = sp.csr_array(([1.0], ([0], [2])), shape=(1, 4), dtype=np.float32)
    masked = sp.csr_array(([1.0], ([0], [0])), shape=(1, 4), dtype=np.float32)
    return Task(queries, queries, None, None, targets, masked, np.ones(4, np.bool_))


def test_what_points_at_the_answers_is_raised_and_what_points_elsewhere_lowered(
    task: Task,
) -> None:
    # 1 + .5 is behind product 1 (2) and product 3 (3): three times as much is 2.5, and the other
    # relation a third as much 1: now the answer is first.
    assert balance(recommender(0.5, 3.0), task, "ndcg@10") == (3.0, pytest.approx(1 / 3))


def test_what_changes_no_rank_stays_as_it_was_learned(task: Task) -> None:
    assert balance(recommender(4.0, 0.1), task, "ndcg@10") == (1.0, 1.0)


def test_the_factors_found_give_what_they_promise(task: Task) -> None:
    learned = recommender(0.5, 3.0)
    assert evaluate(learned, task).metrics["ndcg@10"] == pytest.approx(0.5)
    factors = torch.tensor(balance(learned, task, "ndcg@10"))
    assert learned.neighbours is not None
    assert learned.neighbours.gamma is not None
    term = learned.neighbours.weighted(learned.neighbours.gamma * factors)
    balanced = replace(learned, neighbours=term)
    assert evaluate(balanced, task).metrics["ndcg@10"] == 1.0


def test_vectors_alone_have_nothing_to_balance(task: Task) -> None:
    assert balance(recommender(1.0, 1.0).vectors_only(), task, "ndcg@10") == ()
