"""The sparse product–product term, by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from gnn.behaviour import kind_weights
from gnn.histories import Histories
from gnn.neighbours import NeighbourTerm, Relation
from gnn.questions import Past
from kg.records import KINDS

BUY = KINDS.index("purchase")
VIEW = KINDS.index("view")
GRADED = kind_weights("graded", BUY)


def sequence(*rows: list[int], products: int = 4, kind: int = BUY) -> Histories:
    product = np.array([p for row in rows for p in row], np.int64)
    user = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    order, zeros = np.arange(len(product)), np.zeros(len(product), np.int64)
    kinds = np.full(len(product), kind)
    return Histories.from_events(user, product, kinds, zeros, order, len(rows), products)


def whole(past: Histories) -> tuple[Past, np.ndarray, np.ndarray]:
    return Past(past), past.indptr[:-1], past.indptr[1:]


def test_a_feature_is_the_log_of_the_faded_sum_over_the_history() -> None:
    matrix = sp.csr_array(np.array([[0, 2.0, 0], [0, 0, 4.0], [0, 0, 0]], np.float32))
    term = NeighbourTerm((Relation(matrix, 0.25, GRADED), Relation(matrix, 1.0, GRADED)))
    features = term.features(*whole(sequence([0, 1], products=3)))
    # ε is 3; product 1 is newest (weight 1), product 0 one back (2^-.25 and 2^-1).
    assert features[0, 1] == pytest.approx([np.log1p(2 * 2**-0.25 / 3), np.log1p(2 * 0.5 / 3)])
    assert features[0, 2] == pytest.approx([np.log1p(4 / 3), np.log1p(4 / 3)])
    assert features[0, 0].tolist() == [0, 0]


def test_a_view_says_less_than_a_purchase() -> None:
    matrix = sp.csr_array(np.array([[0, 1.0], [0, 0]], np.float32))
    term = NeighbourTerm((Relation(matrix, 0.25, GRADED),))
    bought = term.features(*whole(sequence([0], products=2)))
    viewed = term.features(*whole(sequence([0], products=2, kind=VIEW)))
    assert viewed[0, 1] == pytest.approx(np.log1p(0.3 * np.expm1(bought[0, 1])))


def test_products_of_the_same_users_go_together_and_what_comes_later_follows() -> None:
    relations = NeighbourTerm.count(sequence([0, 1], [0, 1], [2, 3]), BUY).relations
    together, follows, fast = (relation.matrix for relation in relations)
    assert fast is follows
    assert together.toarray()[0].tolist() == pytest.approx([0, 1, 0, 0])
    assert together.toarray()[1].tolist() == pytest.approx([1, 0, 0, 0])
    # T[0, 1] = 2 counted, its row's sum is 2.
    assert follows.toarray()[0].tolist() == pytest.approx([0, 2 / np.sqrt(2), 0, 0])
    assert not follows.toarray()[1].any()


def test_a_product_seen_but_not_had_leads_to_itself() -> None:
    train = Histories.from_events(
        np.array([0, 0, 1]),
        np.array([0, 1, 1]),
        np.array([VIEW, BUY, BUY]),
        np.zeros(3, np.int64),
        np.arange(3),
        2,
        2,
    )
    term = NeighbourTerm.count(train, BUY)
    assert len(term.relations) == 4
    seen = term.features(*whole(train))[:, :, 3]
    # The view is one event back: 2^-.5; the purchases say nothing here.
    assert seen[0].tolist() == pytest.approx([np.log1p(2**-0.5), 0])
    assert seen[1].tolist() == [0, 0]


def test_a_fitted_term_is_the_same_after_being_written_and_read() -> None:
    past = sequence([0, 1, 2], [1, 2, 3], [0, 3])
    term = NeighbourTerm.count(past, BUY).weighted(torch.tensor([0.5, 2.0, 1.0]))
    again = NeighbourTerm.from_tensors(term.tensors())
    assert torch.equal(again.score(*whole(past)), term.score(*whole(past)))
    features = torch.from_numpy(term.features(*whole(past)))
    assert torch.allclose(term.score(*whole(past)), features @ torch.tensor([0.5, 2.0, 1.0]))


def test_a_term_without_weights_does_not_score() -> None:
    past = sequence([0, 1])
    with pytest.raises(ValueError, match="not been fitted"):
        NeighbourTerm.count(past, BUY).score(*whole(past))
