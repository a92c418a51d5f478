from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from gnn.config import ModelConfig
from gnn.histories import Histories
from gnn.inference import VectorRecommender
from gnn.model import UserEncoder
from gnn.reasons import Link, faithfulness, find_reasons
from kg.records import NO_TIME


def pairs(*linked: tuple[int, int], products: int = 5) -> sp.csr_array:
    matrix = np.zeros((products, products), np.float32)
    for one, other in linked:
        matrix[one, other] = 1
    return sp.csr_array(matrix)


def history(*products: int) -> Histories:
    """One user, the newest last."""
    count = len(products)
    return Histories(
        np.array([0, count]),
        np.array(products, np.int64),
        np.full(count, 3),
        np.full(count, NO_TIME),
        5,
    )


@pytest.fixture
def model() -> VectorRecommender:
    """h is the plain sum of one-dimensional vectors: a score owes z_e z_j to each e."""
    encoder = UserEncoder(ModelConfig(dim=1, pools=1, mean_pools=False))
    for parameter in encoder.parameters():
        torch.nn.init.zeros_(parameter)
    torch.nn.init.constant_(encoder.log_by_age, -30.0)
    torch.nn.init.ones_(encoder.beta)
    z = torch.tensor([[1.0], [2.0], [-3.0], [5.0], [1.0]])
    return VectorRecommender(encoder.eval(), z, torch.zeros(5), 300)


def test_reasons_are_those_the_score_owes_most_with_the_first_link_there_is(
    model: VectorRecommender,
) -> None:
    links = [
        Link("ORDER", pairs((1, 4), (4, 1))),
        Link("NEXT", pairs((0, 4), (1, 4), (2, 4), (4, 0))),
    ]
    found = find_reasons(model, history(3, 0, 1, 2), None, np.array([[4, 3]]), links)
    # Of the fourth product's score 1 + 2 + 5 are owed, 3 is lost by the third product; product 3
    # says most and has no link.
    assert found.known[0, 0].tolist() == [1, 0, -1]
    assert found.kind[0, 0].tolist() == [0, 1, -1]
    np.testing.assert_allclose(found.share[0, 0], [2 / 8, 1 / 8, 0], atol=1e-6)
    # Nothing links the second recommendation, which is in the history itself, too.
    assert found.known[0, 1].tolist() == [-1, -1, -1]
    assert len(found) == 2


def test_what_they_know_already_is_its_own_reason(model: VectorRecommender) -> None:
    itself, brand = sp.csr_array(sp.eye_array(5)), sp.csr_array(np.ones((5, 1)))
    links = [Link("ITSELF", itself), Link("BRAND", brand, by_node=True)]
    found = find_reasons(model, history(3, 0, 1), None, np.array([[3]]), links)
    assert found.known[0, 0].tolist() == [3, 1, 0]
    assert found.kind[0, 0].tolist() == [0, 1, 1]
    np.testing.assert_allclose(found.share[0, 0], [25 / 40, 10 / 40, 5 / 40], atol=1e-6)
    # A product shares a brand with others, not with itself.
    assert len(find_reasons(model, history(3), None, np.array([[3]]), links[1:])) == 0


def test_products_that_share_a_node_are_linked() -> None:
    nodes = sp.csr_array(np.array([[1, 0], [1, 1], [0, 1], [0, 0], [0, 0]], np.float32))
    link = Link("BRAND", nodes, by_node=True)
    found = link.links(np.array([0, 0, 1, 3]), np.array([1, 2, 2, 4]))
    assert found.tolist() == [True, False, True, False]


def test_a_reason_is_faithful_where_the_score_falls_without_it(model: VectorRecommender) -> None:
    links = [Link("ORDER", pairs((0, 4), (1, 4), (2, 4)))]
    queries = history(0, 1, 2)
    products = np.array([[4]])
    reasons = find_reasons(model, queries, None, products, links)
    assert sorted(reasons.known[0, 0].tolist()) == [-1, 0, 1]
    tested = faithfulness(model, queries, None, products, reasons)
    assert (tested.tested, tested.fell) == (2, 1.0)
    assert tested.drop == pytest.approx(1.5)
    assert tested.control in (0.0, 0.5, 1.0)


def test_nothing_known_gives_no_reason(model: VectorRecommender) -> None:
    queries = history()
    found = find_reasons(model, queries, None, np.array([[4]]), [Link("NEXT", pairs((0, 4)))])
    assert len(found) == 0
    assert faithfulness(model, queries, None, np.array([[4]]), found).tested == 0
