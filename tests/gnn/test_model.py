"""The encoder and the user's vector, by hand; training on data whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch.autograd import gradcheck

from gnn.config import ModelConfig, TrainConfig
from gnn.histories import Histories
from gnn.inference import index_vectors, top_k
from gnn.knowledge import Knowledge
from gnn.model import History, ProductEncoder, UserEncoder
from gnn.propagation import Adjacency, ScaledPropagation
from gnn.training import _as_long, fit, whitening
from gnn.warm import AXES, CENTRE, whiten_as
from kg.records import KINDS, NO_TIME

BUY, VIEW = KINDS.index("purchase"), KINDS.index("view")


def test_propagation_gathers_weighted_neighbours_scaled_by_alpha() -> None:
    conv = ScaledPropagation(2, initial=0.5)
    adjacency = Adjacency.from_scipy(sp.csr_array(np.array([[0, 2.0, 0], [1.0, 0, 3.0]])))
    x = torch.tensor([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    assert conv(x, adjacency).tolist() == [[2.0, 20.0], [5.0, 50.0]]


def test_the_gradient_of_propagation_is_that_of_the_dense_product() -> None:
    matrix = sp.csr_array(np.array([[0, 2.0], [1.0, 0], [0.5, 3.0]]))
    adjacency = Adjacency.from_scipy(matrix)
    double = Adjacency(adjacency.forward.double(), adjacency.backward.double())
    conv = ScaledPropagation(2).double()
    x = torch.randn(2, 2, dtype=torch.double, requires_grad=True)
    assert gradcheck(lambda value: conv(value, double), (x,))


def test_a_product_is_its_own_features_plus_its_neighbours() -> None:
    config = ModelConfig(dim=2, use_text=False)
    encoder = ProductEncoder(2, 1, 0, ["bought_with"], config)
    with torch.no_grad():
        encoder.ids.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
        encoder.attributes.weight.copy_(torch.tensor([[10.0, 10.0]]))
    graph = {
        ("product", "bought_with", "product"): Adjacency.from_scipy(
            sp.csr_array(np.array([[0.0, 1.0], [0.0, 0.0]]))
        ),
        ("attribute", "has", "product"): Adjacency.from_scipy(sp.csr_array(np.array([[1.0], [0]]))),
    }
    z = encoder(torch.zeros(2, 0), torch.zeros(2, dtype=torch.bool), graph)
    # x is [11, 10] with its attribute; the second product has neither neighbour nor attribute.
    assert z[0].tolist() == pytest.approx([11, 10 + 0.3])
    assert z[1].tolist() == [0, 1]


def test_a_user_is_the_weighted_mean_of_what_they_did() -> None:
    encoder = UserEncoder(ModelConfig(dim=2, pools=1))
    with torch.no_grad():
        encoder.by_rank.fill_(1.0)
        encoder.by_days.fill_(0.0)
        encoder.log_by_age.fill_(-torch.inf)
    z = torch.tensor([[3.0, 0.0], [0.0, 3.0]])
    history = History(
        offsets=torch.tensor([0, 0, 2]),
        product=torch.tensor([0, 1, 0]),
        kind=torch.full((3,), BUY),
        rank=torch.tensor([1.0, 0.0, 0.0]),
        days=torch.zeros(3),
    )
    # Weights 1/2 and 1; the first user has no history.
    assert encoder(z, history).tolist() == [[0, 0], pytest.approx([1, 2]), [3, 0]]


def test_a_users_pools_can_be_sums_that_forget_by_age() -> None:
    encoder = UserEncoder(ModelConfig(dim=1, pools=2, mean_pools=False))
    with torch.no_grad():
        encoder.log_by_age.copy_(torch.log(torch.tensor([1.0, 2.0])))
        encoder.by_days.fill_(0.0)
        encoder.beta.copy_(torch.tensor([[1.0], [10.0]]))
    history = History(
        offsets=torch.tensor([0]),
        product=torch.tensor([0, 1]),
        kind=torch.full((2,), BUY),
        rank=torch.tensor([1.0, 0.0]),
        days=torch.zeros(2),
    )
    expected = (3 * np.exp(-1) + 5) + 10 * (3 * np.exp(-2) + 5)
    z = torch.tensor([[3.0], [5.0]])
    assert encoder(z, history).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("mean_pools", [True, False])
def test_without_recency_it_does_not_matter_when_something_was_done(mean_pools: bool) -> None:
    config = ModelConfig(dim=2, mean_pools=mean_pools, use_recency=False)
    encoder = UserEncoder(config)
    history = History(
        offsets=torch.tensor([0]),
        product=torch.tensor([0, 1, 1]),
        kind=torch.tensor([BUY, BUY, VIEW]),
        rank=torch.tensor([9.0, 1.0, 0.0]),
        days=torch.tensor([400.0, 3.0, 0.0]),
    )
    z = torch.tensor([[3.0, 0.0], [0.0, 6.0]])
    assert encoder.weights(history).tolist() == 3 * [[1, 1, 1]]
    expected = [1, 4] if mean_pools else [3, 12]
    assert encoder(z, history).tolist() == [pytest.approx(expected)]
    encoder(z, history).sum().backward()
    assert {name for name, of in encoder.named_parameters() if of.grad is not None} == {
        "by_kind",
        "beta",
    }


def test_index_vectors_rank_by_cosine_as_the_scores_do() -> None:
    rng = np.random.default_rng(0)
    users, z = rng.normal(size=(3, 4)).astype("f4"), rng.normal(size=(9, 4)).astype("f4")
    bias = rng.normal(size=9).astype("f4")
    scores = users @ z.T + bias
    u, p = index_vectors(users, z, bias)
    lengths = np.linalg.norm(p, axis=1)
    assert lengths == pytest.approx(np.full(9, lengths[0]), rel=1e-5)
    assert u @ p.T == pytest.approx(scores, abs=1e-5)
    cosine = (u @ p.T) / lengths / np.linalg.norm(u, axis=1)[:, None]
    assert (np.argsort(-cosine) == np.argsort(-scores)).all()


def test_no_index_vector_is_zero_even_when_nothing_was_learned() -> None:
    u, p = index_vectors(np.zeros((1, 2), "f4"), np.zeros((1, 2), "f4"), np.zeros(1, "f4"))
    assert np.linalg.norm(u) > 0
    assert np.linalg.norm(p) > 0


def checkerboard(users: int = 12, products: int = 10, timed: bool = True) -> Histories:
    """Even users buy even products in order, odd users odd ones; each leaves out one."""
    rows, items, times = [], [], []
    for user in range(users):
        own = [p for p in range(products) if p % 2 == user % 2]
        left = own[user // 2 % len(own)]
        for place, product in enumerate(p for p in own if p != left):
            rows.append(user)
            items.append(product)
            times.append(place * 86_400_000 if timed else NO_TIME)
    row, item = np.array(rows), np.array(items)
    kind = np.full(len(row), BUY)
    order = np.arange(len(row))
    return Histories.from_events(row, item, kind, np.array(times), order, users, products)


@pytest.mark.parametrize("timed", [True, False])
def test_the_model_finds_the_left_out_product_of_a_checkerboard(timed: bool) -> None:
    past = checkerboard(timed=timed)
    knowledge = Knowledge(np.zeros((10, 1), "f4"), np.zeros(10, bool))
    trained = fit(
        past,
        knowledge,
        ModelConfig(dim=16),
        TrainConfig(epochs=60, learning_rate=1e-2, dropout=0.0, folds=2),
        BUY,
        torch.device("cpu"),
    )
    assert trained.curve[-1] < trained.curve[0]
    now = int(past.time.max()) + 1 if timed else NO_TIME
    recommender = trained.at(now)
    seen = past.matrix()
    best, scores = top_k(recommender, past, None, seen, np.ones(10, bool), k=12)
    for user in range(12):
        own = {p for p in range(10) if p % 2 == user % 2}
        bought = set(seen[[user]].indices.tolist())
        assert {int(best[user, 0])} == own - bought
    # Four bought of ten: six are left, the other six places are empty.
    assert (best[:, :6] >= 0).all()
    assert (best[:, 6:] == -1).all()
    assert (np.diff(scores[:, :6]) <= 0).all()


def test_training_twice_with_one_seed_gives_the_same_weights() -> None:
    past = checkerboard()
    knowledge = Knowledge(np.eye(10, dtype="f4"), np.ones(10, bool))
    config = TrainConfig(epochs=2, folds=2, seed=5)
    states = [
        fit(past, knowledge, ModelConfig(dim=8), config, BUY, torch.device("cpu")).model
        for _ in range(2)
    ]
    first, second = (model.state_dict() for model in states)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_nothing_to_learn_from_is_refused() -> None:
    empty = np.zeros(0, np.int64)
    past = Histories.from_events(empty, empty, empty, empty, empty, 2, 3)
    knowledge = Knowledge(np.zeros((3, 1), "f4"), np.zeros(3, bool))
    with pytest.raises(ValueError, match="nothing to learn from"):
        fit(past, knowledge, ModelConfig(), TrainConfig(), BUY, torch.device("cpu"))


def test_whitened_text_has_unit_variance_and_no_text_stays_zero() -> None:
    rng = np.random.default_rng(1)
    text = (rng.normal(size=(50, 4)) * [1, 5, 10, 0.1]).astype("f4")
    has = np.ones(50, bool)
    has[7] = False
    centre, axes = whitening(Knowledge(text, has), dim=3)
    kept = torch.from_numpy(has)
    white = whiten_as({CENTRE: centre, AXES: axes}, torch.from_numpy(text), kept)
    assert white.shape == (50, 3)
    assert white[7].tolist() == [0, 0, 0]
    assert white[kept].var(0, correction=0).tolist() == pytest.approx([1, 1, 1], rel=1e-3)


def test_one_text_alone_does_not_break_whitening() -> None:
    _, axes = whitening(Knowledge(np.ones((2, 3), "f4"), np.array([True, False])), dim=3)
    assert torch.isfinite(axes).all()


@pytest.mark.parametrize(
    ("field", "value"), [("dim", 0), ("pools", 0), ("neighbours", 0), ("history", -1)]
)
def test_a_model_of_no_size_is_refused(field: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{field} must be at least 1"):
        ModelConfig(**{field: value})


@pytest.mark.parametrize(
    ("field", "value"), [("epochs", 0), ("learning_rate", 0), ("dropout", 1), ("horizon_days", 0)]
)
def test_impossible_training_is_refused(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        TrainConfig(**{field: value})


def test_a_product_that_nobody_had_has_no_id_but_the_usual_length_and_bias() -> None:
    past = checkerboard()
    knowledge = Knowledge(np.eye(11, dtype="f4"), np.ones(11, bool))
    wider = Histories(past.indptr, past.product, past.kind, past.time, 11)
    config = ModelConfig(dim=4, use_propagation=False)
    trained = fit(wider, knowledge, config, TrainConfig(epochs=3), BUY, torch.device("cpu"))
    recommender = trained.at(int(past.time.max()) + 1)
    text = trained.model.products.text(trained.text)[10]
    usual = recommender.z[:10].norm(dim=1).mean().item()
    length = max(usual, text.norm().item())
    assert torch.allclose(recommender.z[10], text / text.norm() * length, rtol=1e-4)
    level = trained.trend.snapshots[-1][10] @ trained.model.trend
    assert recommender.bias[10].item() == pytest.approx(
        (trained.model.bias[:10].median() + level).item()
    )


def test_short_vectors_of_unknown_products_are_stretched_and_long_ones_stay() -> None:
    z = torch.tensor([[3.0, 4.0], [0.0, 3.0], [1.0, 0.0], [0.0, 3.0]])
    known = torch.tensor([True, True, False, False])
    # 4 on average, 2 the others: twice as long, each in its direction.
    expected = [[3.0, 4.0], [0.0, 3.0], [2.0, 0.0], [0.0, 6.0]]
    assert _as_long(z, known).tolist() == expected
    assert _as_long(z, ~known).tolist() == z.tolist()
    assert _as_long(z, torch.ones(4, dtype=torch.bool)) is z
    assert _as_long(z, torch.zeros(4, dtype=torch.bool)) is z
    assert _as_long(0 * z, known).tolist() == (0 * z).tolist()
