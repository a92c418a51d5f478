"""Learning on sets alone: the fused loss, the user's vector by hand, and a known answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from gnn.behaviour import user_matrix
from gnn.config import ModelConfig, TrainConfig
from gnn.histories import Histories
from gnn.model import History, SetEncoder
from gnn.questions import Past
from gnn.spectral import EDGES_SHARE, KINDS_SHARE, TEMPERATURE, FullSoftmax, fit_spectral
from kg.records import KINDS, NO_TIME

BUY = KINDS.index("purchase")


def test_the_fused_softmax_has_the_value_and_gradient_of_the_plain_one() -> None:
    torch.manual_seed(0)
    users, products = torch.randn(3, 4), torch.randn(6, 4)
    row, product = torch.tensor([0, 0, 1, 2]), torch.tensor([1, 5, 2, 0])
    buffer = torch.empty(4, 6)
    found = []
    for fused in (True, False):
        u = F.normalize(users, dim=1).requires_grad_()
        v = F.normalize(products, dim=1).requires_grad_()
        if fused:
            loss = FullSoftmax.apply(u, v, row, product, buffer)
        else:
            log_p = F.log_softmax(u @ v.T / TEMPERATURE, dim=1)[row, product]
            loss = -log_p.mean()
        (2 * loss).backward()
        found.append((loss.detach(), u.grad, v.grad))
    for mine, plain in zip(*found, strict=True):
        assert torch.allclose(mine, plain, atol=1e-5)


def test_a_users_first_block_has_unit_length_and_the_others_go_by_the_root_of_the_count() -> None:
    encoder = SetEncoder(2, [2, 1])
    encoder.products.copy_(torch.tensor([[1.0, 2.0], [0.5, 3.0]]))
    encoder.scale.copy_(torch.tensor([10.0, 1.0]))
    encoder.kinds[KINDS.index("return")] = 0.0
    z = torch.tensor([[3.0, 0.0, 4.0], [0.0, 2.0, 1.0]])
    history = History(
        offsets=torch.tensor([0, 0]),
        product=torch.tensor([0, 1, 1]),
        kind=torch.tensor([BUY, BUY, KINDS.index("return")]),
        rank=torch.zeros(3),
        days=torch.zeros(3),
    )
    # Pools [1·3, 2·2] of length 5 and .5·4 + 3·1; two events count. The first user did nothing.
    expected = [10 * 3 / 5, 10 * 4 / 5, 5 / 2**0.5]
    assert encoder(z, history).tolist() == [[0, 0, 0], pytest.approx(expected)]


def checkerboard(users: int = 12, products: int = 10) -> Histories:
    """Even users have the even products, odd users the odd ones; each lacks one."""
    rows = [[p for p in range(products) if p % 2 == user % 2] for user in range(users)]
    for user, own in enumerate(rows):
        own.remove(own[user // 2 % len(own)])
    product = np.array([p for own in rows for p in own], np.int64)
    row = np.repeat(np.arange(users), [len(own) for own in rows])
    kind, time = np.full(len(row), BUY), np.full(len(row), NO_TIME)
    return Histories.from_events(row, product, kind, time, np.arange(len(row)), users, products)


@pytest.mark.parametrize("propagation", [True, False])
@pytest.mark.parametrize("neighbours", [True, False])
def test_the_product_that_a_user_lacks_is_found(propagation: bool, neighbours: bool) -> None:
    past = checkerboard()
    model = ModelConfig(dim=4, spectral=2, use_propagation=propagation, use_neighbours=neighbours)
    training = TrainConfig(epochs=60, learning_rate=0.05, queries=6, asks="hidden")
    told: list[int] = []
    fitted = fit_spectral(past, model, training, BUY, torch.device("cpu"), told.append)
    assert fitted.curve[-1] < fitted.curve[0]
    assert told == [1] * 60
    recommender = fitted.at(NO_TIME)
    assert recommender.z.shape == (10, 6 if propagation else 4)
    scores = recommender.score(past, None)
    for user in range(len(past)):
        own = past.product[past.row == user]
        scores[user, own] = -np.inf
        lacking = set(range(user % 2, 10, 2)) - set(own.tolist())
        assert {int(scores[user].argmax())} == lacking


def test_other_kinds_of_behaviour_bring_relations_whose_best_scores_average_their_share() -> None:
    bought = checkerboard()
    kind = bought.kind.copy()
    kind[::3] = KINDS.index("view")
    past = replace(bought, kind=kind)
    model = ModelConfig(dim=4, spectral=2)
    training = TrainConfig(epochs=2, queries=6, asks="hidden")
    recommender = fit_spectral(past, model, training, BUY, torch.device("cpu")).at(NO_TIME)
    term = recommender.neighbours
    assert term is not None
    assert len(term.relations) == 4
    for relation, gamma, share in zip(
        term.relations, term.gamma, [EDGES_SHARE, *[KINDS_SHARE] * 3], strict=True
    ):
        sums = relation.histories(Past(past), past.indptr[:-1], past.indptr[1:]) @ relation.matrix
        # There are ten products, so that the twenty best are all of them.
        assert float(gamma) * sums.toarray().mean() == pytest.approx(share, rel=1e-4)
    alike = term.relations[1].matrix.toarray()
    did = user_matrix(past, "graded", BUY).toarray()
    expected = did.T @ (did / np.linalg.norm(did, axis=1, keepdims=True))
    assert alike == pytest.approx(expected, rel=1e-4)


def test_nothing_is_learned_from_nothing() -> None:
    empty = checkerboard().keep(np.zeros(48, np.bool_))
    with pytest.raises(ValueError, match="nothing to learn"):
        fit_spectral(empty, ModelConfig(spectral=2), TrainConfig(), BUY, torch.device("cpu"))
