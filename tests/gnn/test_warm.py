"""Going on from a run's weights: what is copied, what is trained, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from gnn.config import ModelConfig, TrainConfig
from gnn.histories import Histories
from gnn.inference import VectorRecommender
from gnn.knowledge import Knowledge
from gnn.model import Recommender
from gnn.spectral import _former, _placed, fit_spectral
from gnn.training import fit
from gnn.warm import AXES, CENTRE, CannotContinue, WarmStart, rehearsed, take_over, whiten_as
from kg.records import KINDS, NO_TIME

BUY = KINDS.index("purchase")
CPU = torch.device("cpu")


def shop(users: int, products: int) -> Histories:
    """Even users buy even products in order, odd users odd ones; each leaves out one."""
    rows, items = [], []
    for user in range(users):
        own = [p for p in range(products) if p % 2 == user % 2]
        own.remove(own[user // 2 % len(own)])
        rows += [user] * len(own)
        items += own
    row, item = np.array(rows), np.array(items)
    kind, time = np.full(len(row), BUY), np.full(len(row), NO_TIME)
    return Histories.from_events(row, item, kind, time, np.arange(len(row)), users, products)


def lacking(past: Histories, scores: np.ndarray) -> list[set[int]]:
    """The best product of each user among those they have not."""
    scores[past.row, past.product] = -np.inf
    return [{int(best)} for best in scores.argmax(axis=1)]


def expected(past: Histories) -> list[set[int]]:
    have = [set(past.product[past.row == user].tolist()) for user in range(len(past))]
    return [set(range(user % 2, past.num_products, 2)) - own for user, own in enumerate(have)]


def test_new_products_keep_their_start_and_attributes_find_their_own() -> None:
    config = ModelConfig(dim=2)
    old = Recommender(3, 2, 0, ["follows"], config)
    weights = old.state_dict() | {"attributes.keys": torch.tensor([7, 9])}
    new = Recommender(5, 3, 0, ["follows", "precedes"], config)
    start = {name: value.clone() for name, value in new.state_dict().items()}
    take_over(new, weights, np.array([9, 8, 7]))
    found = new.state_dict()
    ids, learned = found["products.ids.weight"], weights["products.ids.weight"]
    assert torch.equal(ids[:3], learned)
    assert torch.equal(ids[3:], start["products.ids.weight"][3:])
    rows, known = found["products.attributes.weight"], weights["products.attributes.weight"]
    assert torch.equal(rows[[2, 0]], known)
    assert not rows[1].any(), "of what is new nothing is known yet"
    assert torch.equal(found["users.beta"], weights["users.beta"])


def model(products: int = 3, attributes: int = 0, relation: str = "a", dim: int = 2) -> Recommender:
    return Recommender(products, attributes, 0, [relation], ModelConfig(dim=dim))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (model(dim=4), model(dim=2)),
        (model(products=3), model(products=2)),
        (model(relation="a"), model(relation="b")),
        (model(attributes=2), model(attributes=2)),
    ],
    ids=["other size", "fewer products", "a relation is gone", "nameless attributes"],
)
def test_weights_of_another_shape_are_refused(old: Recommender, new: Recommender) -> None:
    with pytest.raises(CannotContinue):
        take_over(new, old.state_dict(), np.array([0, 1]))


def test_texts_are_seen_as_the_run_saw_them() -> None:
    weights = {CENTRE: torch.tensor([1.0, 0.0]), AXES: torch.tensor([[2.0], [0.0]])}
    text, has = torch.tensor([[3.0, 5.0], [0.0, 0.0]]), torch.tensor([True, False])
    assert whiten_as(weights, text, has).tolist() == [[4.0], [0.0]]
    with pytest.raises(CannotContinue, match="another model"):
        whiten_as(weights, torch.ones(2, 3), has)


def test_all_that_is_new_is_trained_on_and_a_share_of_the_rest() -> None:
    new = np.arange(100) < 20
    chosen = rehearsed(new, np.random.default_rng(0))
    assert chosen[:20].all()
    assert np.count_nonzero(chosen[20:]) == 10
    assert np.count_nonzero(rehearsed(new, np.random.default_rng(0), 0.1)[20:]) == 2
    assert rehearsed(np.ones(3, bool), np.random.default_rng(0)).all()


def test_a_run_goes_on_from_where_it_was() -> None:
    knowledge = Knowledge(np.eye(10, 12, dtype="f4"), np.ones(10, bool))
    grown = Knowledge(np.eye(12, 12, dtype="f4"), np.ones(12, bool))
    model = ModelConfig(dim=16)
    config = TrainConfig(epochs=60, learning_rate=1e-2, dropout=0.0, folds=2)
    first = fit(shop(12, 10), knowledge, model, config, BUY, CPU)
    weights = first.at(NO_TIME).model_state
    # Two products more, which nobody has bought yet.
    now = replace(shop(12, 10), num_products=12)
    warm = WarmStart(weights, np.arange(12) >= 8)
    second = fit(now, grown, model, config, BUY, CPU, warm=warm)
    assert len(second.curve) == 1
    found = second.model.state_dict()["products.ids.weight"]
    moved = (found[:10] - weights["products.ids.weight"]).abs().max()
    assert 0 < moved < 0.1
    cold = fit(now, grown, model, TrainConfig(epochs=1, folds=2, dropout=0.0), BUY, CPU)
    assert second.curve[0] < 0.5 < cold.curve[0]


def test_sets_go_on_from_the_vectors_of_the_run() -> None:
    model = ModelConfig(dim=4, spectral=2)
    config = TrainConfig(epochs=60, learning_rate=0.05, queries=6, asks="hidden")
    before = shop(12, 10)
    first = fit_spectral(before, model, config, BUY, CPU).at(NO_TIME)
    weights = first.model_state | {"product_vectors": first.z}
    now = shop(14, 10)
    warm = WarmStart(weights, np.arange(14) >= 12)
    second = fit_spectral(now, model, config, BUY, CPU, warm=warm)
    assert len(second.curve) == 1
    assert lacking(now, second.at(NO_TIME).score(now, None)) == expected(now)


def test_edges_to_what_as_many_had_as_before_stay_and_the_others_are_counted_anew() -> None:
    def edges(found: VectorRecommender) -> np.ndarray:
        term = found.neighbours
        assert term is not None
        return term.relations[0].matrix.toarray()

    model = ModelConfig(dim=4, spectral=2)
    config = TrainConfig(epochs=1, queries=6, asks="hidden")
    rng = np.random.default_rng(3)
    had = rng.random((30, 9)) < 0.4
    # The newest user has products 0, 3 and one that the run does not know.
    had[29] = np.isin(np.arange(9), [0, 3, 8])
    had[:29, 8] = False
    # Product 0 is new to user 28, all others of theirs are old.
    had[28] = np.isin(np.arange(9), [0, 1, 2, 4])
    row, product = np.nonzero(had)
    zeros = np.zeros(len(row), np.int64)
    now = Histories.from_events(row, product, zeros + BUY, zeros - 1, zeros, 30, 9)
    old = (now.row < 29) & ~((now.row == 28) & (now.product == 0))
    before = replace(now.keep(old), num_products=8)
    first = fit_spectral(before, model, config, BUY, CPU).at(NO_TIME)
    term = first.neighbours
    assert term is not None
    weights = first.model_state | {"product_vectors": first.z} | term.tensors()
    warm = WarmStart(weights, np.arange(30) >= 28)
    second = edges(fit_spectral(now, model, config, BUY, CPU, warm=warm).at(NO_TIME))
    anew = edges(fit_spectral(now, model, config, BUY, CPU).at(NO_TIME))
    assert second[:, [0, 3, 8]] == pytest.approx(anew[:, [0, 3, 8]])
    stay = [1, 2, 4, 5, 6, 7]
    assert second[:8, stay] == pytest.approx(edges(first)[:, stay])
    assert not np.allclose(second[:, stay], anew[:, stay], atol=1e-4)


def test_what_a_run_of_sets_learned_is_read_off_its_vectors() -> None:
    learned = np.array([[3.0, 4.0], [1.0, 0.0]], np.float32)
    degree, smooth = np.array([4.0, 1.0]), np.array([[0.6], [0.8]], np.float32)
    length = np.linalg.norm(learned, axis=1)
    z = np.concatenate([learned / length[:, None], smooth * np.sqrt(degree)[:, None]], axis=1)
    own = np.stack([degree**-0.5 * length, 1 / degree])
    weights = {
        "product_vectors": torch.from_numpy(z.astype("f4")),
        "users.products": torch.from_numpy(own.astype("f4")),
    }
    former = _former(weights, 3, ModelConfig(dim=2, spectral=1))
    np.testing.assert_allclose(former.learned, [[3, 4], [1, 0], [0, 0]], rtol=1e-6)
    np.testing.assert_allclose(former.smooth, [[0.6], [0.8], [0]], rtol=1e-6)
    np.testing.assert_array_equal(former.degree, [4, 1, 0])
    with pytest.raises(CannotContinue):
        _former(weights, 1, ModelConfig(dim=2, spectral=1))
    with pytest.raises(CannotContinue):
        _former(weights, 3, ModelConfig(dim=3, spectral=1))


def test_a_new_product_lies_where_those_who_had_it_do() -> None:
    learned = np.array([[2.0, 0.0], [0.0, 2.0], [0.0, 0.0]], np.float32)
    had = sp.csr_array(np.array([[1, 0, 1], [0, 1, 0]], np.float32))
    placed = _placed(learned, had, np.ones(3, np.float32))
    np.testing.assert_allclose(placed, [[2, 0], [0, 2], [2, 0]], atol=1e-6)
