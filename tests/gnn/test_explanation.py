from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from gnn import explanation
from gnn.config import ModelConfig
from gnn.explanation import BLOCK_EVENTS, explain, without
from gnn.histories import Histories
from gnn.inference import VectorRecommender
from gnn.model import SetEncoder, UserEncoder
from gnn.neighbours import NeighbourTerm, Relation
from kg.records import KINDS, NO_TIME

PRODUCTS = 9


def histories(seed: int, rows: int = 6) -> Histories:
    """Rows of up to eight events, products and kinds repeated, one row empty, one of one event."""
    rng = np.random.default_rng(seed)
    lengths = np.concatenate([[0, 1], rng.integers(2, 9, rows - 2)])
    events = int(lengths.sum())
    return Histories(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        rng.integers(0, PRODUCTS, events),
        rng.choice([KINDS.index("view"), KINDS.index("purchase")], events),
        np.full(events, NO_TIME),
        PRODUCTS,
    )


def recommender(seed: int, mean: bool) -> VectorRecommender:
    torch.manual_seed(seed)
    encoder = UserEncoder(ModelConfig(dim=4, pools=2, mean_pools=mean))
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return VectorRecommender(encoder.eval(), torch.randn(PRODUCTS, 4), torch.randn(PRODUCTS), 300)


def term(seed: int) -> NeighbourTerm:
    rng = np.random.default_rng(seed)
    kinds = np.ones(len(KINDS), np.float32)
    matrices = [
        sp.csr_array(rng.random((PRODUCTS, PRODUCTS)) * (rng.random((PRODUCTS, PRODUCTS)) < 0.5))
        for _ in "ab"
    ]
    first, second = (sp.csr_array(matrix.astype(np.float32)) for matrix in matrices)
    relations = (
        Relation(first, 0.5, kinds),
        Relation(second, 1.0, kinds, linear=True, by_length=0.5),
    )
    return NeighbourTerm(relations, torch.tensor([0.7, 1.3]))


def of_sets(seed: int) -> VectorRecommender:
    torch.manual_seed(seed)
    encoder = SetEncoder(PRODUCTS, [2, 3])
    encoder.products.uniform_(0.5, 1.5)
    encoder.scale.copy_(torch.tensor([1.5, 0.5]))
    return VectorRecommender(encoder, torch.randn(PRODUCTS, 5), torch.zeros(PRODUCTS), 300)


@pytest.mark.parametrize("block", [1, 40, BLOCK_EVENTS])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["mean", "sum", "sets"])
def test_a_loss_is_what_scoring_without_the_product_loses(
    seed: int, kind: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(explanation, "BLOCK_EVENTS", block)
    queries = histories(seed)
    model = of_sets(seed) if kind == "sets" else recommender(seed, kind == "mean")
    model = replace(model, neighbours=term(seed))
    products = np.argsort(-model.score(queries, None), axis=1)[:, :3]
    products[2, 1:] = -1
    found = explain(model, queries, None, products)
    whole = model.score(queries, None)
    for place in range(found.known.shape[1]):
        known = found.known[:, place]
        left = model.score(without(queries, known), None)
        for row in np.flatnonzero(known >= 0):
            lost = whole[row, products[row]] - left[row, products[row]]
            lost[products[row] < 0] = 0.0
            np.testing.assert_allclose(found.loss[row, place], lost, atol=1e-4)


def test_the_newest_products_come_first_each_once() -> None:
    queries = Histories(
        np.array([0, 0, 4, 6]),
        np.array([3, 1, 3, 2, 5, 5]),
        np.zeros(6, np.int64),
        np.full(6, NO_TIME),
        PRODUCTS,
    )
    model = recommender(0, True)
    found = explain(model, queries, None, np.array([[0], [0], [-1]]), newest=2)
    assert found.known.tolist() == [[-1, -1], [2, 3], [5, -1]]
    # Nothing is asked of the last, and nothing known of the first.
    assert not found.loss[[0, 2]].any()
    assert found.loss[1].all()


def test_both_parts_add_up_for_who_did_one_thing() -> None:
    # Without it nothing is left but what the product scores with anybody.
    queries = histories(3)
    model = replace(recommender(1, True), neighbours=term(1))
    products = np.arange(PRODUCTS)[None, :].repeat(len(queries), axis=0)
    found = explain(model, queries, None, products)
    scores = model.score(queries, None)
    assert found.known[1, 0] >= 0
    np.testing.assert_allclose(found.loss[1, 0], scores[1] - model.bias.numpy(), atol=1e-5)
    vectors = model.vectors_only().score(queries, None)
    np.testing.assert_allclose(found.vectors[1, 0], vectors[1] - model.bias.numpy(), atol=1e-5)
