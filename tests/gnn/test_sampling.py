"""Parts of the graph: whole where all neighbours are drawn, right on average where not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from gnn.config import ModelConfig, TrainConfig
from gnn.histories import Histories
from gnn.knowledge import Knowledge
from gnn.model import ProductEncoder
from gnn.propagation import Adjacency
from gnn.sampling import block_of, sample_neighbours
from gnn.training import fit
from kg.records import KINDS, NO_TIME

CPU = torch.device("cpu")
BUY = KINDS.index("purchase")


def relation(products: int = 12, seed: int = 0) -> sp.csr_array:
    """Rows of 0, 1, 2, … entries, the last of all, with weights of chance."""
    rng = np.random.default_rng(seed)
    dense = np.zeros((products, products), np.float32)
    for row in range(products):
        dense[row, rng.choice(products, row, replace=False)] = rng.uniform(0.1, 1, row)
    return sp.csr_array(dense)


def test_rows_with_few_neighbours_come_whole() -> None:
    rows = np.array([0, 3, 7])
    sampled = sample_neighbours(relation(), rows, 7, np.random.default_rng(0))
    np.testing.assert_array_equal(sampled.toarray(), relation().toarray()[rows])


def test_what_is_drawn_is_scaled_by_what_there_was() -> None:
    rows = np.array([2, 8, 11])
    sampled = sample_neighbours(relation(), rows, 4, np.random.default_rng(0)).toarray()
    assert (sampled > 0).sum(axis=1).tolist() == [2, 4, 4]
    whole = relation().toarray()[rows] * np.array([[1], [8 / 4], [11 / 4]], "f4")
    np.testing.assert_allclose(sampled, np.where(sampled > 0, whole, 0), rtol=1e-6)


def test_the_mean_of_many_draws_is_the_whole() -> None:
    rng, rows, draws = np.random.default_rng(0), np.arange(12), 4_000
    total = sum(sample_neighbours(relation(), rows, 3, rng).toarray() for _ in range(draws))
    # Entries are 0 or up to 4 times themselves: three standard errors are .1 at most.
    np.testing.assert_allclose(total / draws, relation().toarray(), atol=0.1)


def test_a_block_with_all_neighbours_embeds_as_the_whole_graph_does() -> None:
    torch.manual_seed(0)
    incidence = sp.csr_array(np.eye(12, 3, dtype="f4"))
    graph = {
        ("product", "a", "product"): Adjacency.from_scipy(relation()),
        ("product", "b", "product"): Adjacency.from_scipy(relation(seed=1)),
        ("attribute", "has", "product"): Adjacency.from_scipy(incidence),
    }
    encoder = ProductEncoder(12, 3, 5, ["a", "b"], ModelConfig(dim=4))
    text, has_text = torch.randn(12, 5), torch.arange(12) % 3 > 0
    keep, keep_attribute = torch.rand(12, 1), torch.rand(3, 1)
    whole = encoder(text, has_text, graph, keep, keep_attribute)
    assert not torch.equal(whole, encoder(text, has_text, graph, keep))
    block = block_of(graph, np.array([5, 2, 5, 1]), 99, np.random.default_rng(0), CPU)
    assert block.rows.tolist() == [1, 2, 5]
    assert len(block.sources) < 12
    of = block.sources
    own = (text[of], has_text[of], block.graph, keep[of], keep_attribute, of, block.place)
    part = encoder(*own)
    torch.testing.assert_close(part, whole[[1, 2, 5]])
    assert block.at(torch.tensor([5, 1])).tolist() == [2, 0]


def shop() -> Histories:
    rng = np.random.default_rng(0)
    product = np.concatenate([rng.choice(20, 5, replace=False) for _ in range(30)])
    row = np.repeat(np.arange(30), 5)
    kind, time = np.full(150, BUY), np.full(150, NO_TIME)
    return Histories.from_events(row, product, kind, time, np.arange(150), 30, 20)


@pytest.mark.parametrize("all_up_to", [1, 5_000])
def test_training_with_all_neighbours_is_training_on_the_whole_graph(all_up_to: int) -> None:
    config = TrainConfig(epochs=2, folds=2, queries=64, negatives=8, all_up_to=all_up_to)
    knowledge = Knowledge(np.eye(20, dtype="f4"), np.ones(20, bool))
    model = ModelConfig(dim=8, mean_pools=False)
    curves, states = [], []
    for fanout in (0, 99, 2):
        trained = fit(shop(), knowledge, model, replace(config, fanout=fanout), BUY, CPU)
        curves.append(trained.curve)
        states.append(trained.model.state_dict())
    assert curves[0] == pytest.approx(curves[1], rel=1e-5)
    for name, value in states[0].items():
        torch.testing.assert_close(value, states[1][name], rtol=1e-3, atol=1e-4, msg=name)
    assert curves[2] != pytest.approx(curves[0], rel=1e-5)
    assert curves[2] == pytest.approx(curves[0], rel=0.1)
    with pytest.raises(ValueError, match="fanout"):
        TrainConfig(fanout=-1)
