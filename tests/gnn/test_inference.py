"""The best of many, found without sorting all."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gnn.behaviour import kind_weights
from gnn.histories import Histories
from gnn.inference import Reranked, VectorRecommender, best_of_factors, largest
from gnn.model import SetEncoder
from gnn.neighbours import NeighbourTerm, Relation


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 6), st.integers(1, 900))
def test_the_largest_are_those_that_sorting_finds(seed: int, k: int, columns: int) -> None:
    rng = np.random.default_rng(seed)
    # Whole numbers: many are equal.
    scores = torch.from_numpy(rng.integers(0, 50, (3, max(k, columns))).astype(np.float32))
    scores[0] = -torch.inf
    values, place = largest(scores, k)
    assert torch.equal(values, torch.topk(scores, k).values)
    assert torch.equal(scores.gather(1, place), values)
    assert all(len(set(row)) == k for row in place.tolist())


def test_what_is_masked_is_left_out_and_too_few_are_filled_up() -> None:
    users = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    products = np.array([[3.0, 1.0], [2.0, 2.0], [1.0, 3.0]], np.float32)
    masked = sp.csr_array(np.array([[1, 0, 0], [0, 0, 0]], np.float32))
    best = best_of_factors(users, products, masked, 4, block_rows=1)
    assert best.tolist() == [[1, 2, -1, -1], [2, 1, 0, -1]]


def test_the_nearest_and_what_the_history_counts_for_are_scored_anew() -> None:
    # A history of product 0, whose vector points to the right: h = [1, 0].
    z = torch.tensor([[1.0, 0.0], [0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.7, 0.7]])
    counts = np.zeros((5, 5), np.float32)
    counts[0, 3] = 0.3
    relation = Relation(sp.csr_array(counts), 0.0, kind_weights("equal", 3), linear=True)
    bought = [np.array([value]) for value in (0, 0, 3, 0, 0)]
    history = Histories.from_events(*bought, 1, 5)
    model = VectorRecommender(
        SetEncoder(5, [2]),
        z,
        torch.tensor([0.0, 0.0, 0.0, 0.0, -0.5]),
        300,
        NeighbourTerm((relation,)).weighted(torch.ones(1)),
    )
    assert model.score(history, None)[0] == pytest.approx([1.0, 0.9, 0.8, 0.4, 0.2])
    scores = Reranked(model, nearest=2).score(history, None)[0]
    # Products 0 and 1 are the nearest, 3 is led to; 2 and 4 stay behind all, as the vectors say.
    assert scores[[0, 1, 3]] == pytest.approx([1.0, 0.9, 0.4])
    assert np.argsort(-scores).tolist() == [0, 1, 3, 2, 4]
    alone = model.vectors_only()
    assert np.array_equal(Reranked(alone, 2).score(history, None), alone.score(history, None))


def test_implicit_finds_the_same() -> None:
    pytest.importorskip("implicit")
    from benchmarks.topk import by_implicit

    rng = np.random.default_rng(1)
    users, products = (rng.standard_normal((rows, 8)).astype("f4") for rows in (40, 3_000))
    seen = sp.csr_array((rng.random((40, 3_000)) < 0.01).astype("f4"))
    best = best_of_factors(users, products, seen, 20)
    assert best.tolist() == by_implicit(users, products, seen).tolist()
