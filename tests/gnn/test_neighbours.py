"""The sparse product–product term, by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from gnn.behaviour import DAY_MS, kind_weights
from gnn.config import ModelConfig
from gnn.crossfit import CrossFit
from gnn.histories import Histories
from gnn.knowledge import Knowledge
from gnn.neighbours import (
    ALIKE,
    FAINT,
    LATE_DAYS,
    LATE_PENALTY,
    MOST_LINEAR,
    PENALTY,
    NeighbourTerm,
    Relation,
    add_entries,
)
from gnn.questions import Past
from kg.records import KINDS, NO_TIME

BUY = KINDS.index("purchase")
VIEW = KINDS.index("view")
GRADED = kind_weights("graded", BUY)


def sequence(*rows: list[int], products: int = 4, kind: int = BUY, time: int = 0) -> Histories:
    product = np.array([p for row in rows for p in row], np.int64)
    user = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    order, times = np.arange(len(product)), np.full(len(product), time)
    kinds = np.full(len(product), kind)
    return Histories.from_events(user, product, kinds, times, order, len(rows), products)


def whole(past: Histories) -> tuple[Past, np.ndarray, np.ndarray]:
    return Past(past), past.indptr[:-1], past.indptr[1:]


def dense(term: NeighbourTerm, past: Histories) -> np.ndarray:
    """What each relation adds, one after another: (rows, products, relations)."""
    found = term.entries(term.histories(*whole(past)))
    zeros = torch.zeros(len(found), len(past), past.num_products)
    each = zip(zeros, found, strict=True)
    return torch.stack([add_entries(of, [one], torch.ones(1)) for of, one in each], 2).numpy()


def test_a_feature_is_the_log_of_the_faded_sum_over_the_history() -> None:
    matrix = sp.csr_array(np.array([[0, 2.0, 0], [0, 0, 4.0], [0, 0, 0]], np.float32))
    term = NeighbourTerm((Relation(matrix, 0.25, GRADED), Relation(matrix, 1.0, GRADED)))
    features = dense(term, sequence([0, 1], products=3))
    # ε is 3; product 1 is newest (weight 1), product 0 one back (2^-.25 and 2^-1).
    assert features[0, 1] == pytest.approx([np.log1p(2 * 2**-0.25 / 3), np.log1p(2 * 0.5 / 3)])
    assert features[0, 2] == pytest.approx([np.log1p(4 / 3), np.log1p(4 / 3)])
    assert features[0, 0].tolist() == [0, 0]


def test_a_view_says_less_than_a_purchase() -> None:
    matrix = sp.csr_array(np.array([[0, 1.0], [0, 0]], np.float32))
    term = NeighbourTerm((Relation(matrix, 0.25, GRADED),))
    bought = dense(term, sequence([0], products=2))
    viewed = dense(term, sequence([0], products=2, kind=VIEW))
    assert viewed[0, 1] == pytest.approx(np.log1p(0.3 * np.expm1(bought[0, 1])))


def test_products_of_the_same_users_go_together_and_what_comes_later_follows() -> None:
    relations = NeighbourTerm.count(sequence([0, 1], [0, 1], [2, 3]), BUY).relations
    together, follows, fast, *_ = (relation.matrix for relation in relations)
    assert fast is follows
    assert together.toarray()[0].tolist() == pytest.approx([0, 1, 0, 0])
    assert together.toarray()[1].tolist() == pytest.approx([1, 0, 0, 0])
    # T[0, 1] = 2 counted, its row's sum is 2.
    assert follows.toarray()[0].tolist() == pytest.approx([0, 2 / np.sqrt(2), 0, 0])
    assert not follows.toarray()[1].any()


def test_what_follows_at_once_is_the_very_next_where_order_alone_is_known() -> None:
    rows = [0, 1, 2], [0, 3]
    relations = NeighbourTerm.count(sequence(*rows, time=NO_TIME), BUY).relations
    assert len(relations) == 4
    # With times: what goes together, what follows twice, linear weights twice.
    assert len(NeighbourTerm.count(sequence(*rows), BUY).relations) == 5
    # T[0, 1] = T[0, 3] = 1, whose row's sum is 2; product 2 is one further.
    at_once = relations[3].matrix.toarray()
    assert at_once[0].tolist() == pytest.approx([0, 2**-0.5, 0, 2**-0.5])
    assert at_once[1].tolist() == [0, 0, 1, 0]
    assert relations[1].matrix.toarray()[0, 2] > 0
    assert relations[3].fading == 1


def test_what_products_are_like_leads_to_them_whatever_was_done() -> None:
    alike = sp.csr_array(np.array([[0, 0, 0, 1.0], [0] * 4, [0] * 4, [0.5, 0, 0, 0]], np.float32))
    term = NeighbourTerm.count(sequence([0, 1]), BUY, alike=alike)
    # ε is 3/4; product 0 is one event back.
    expected = [0, 0, 0, np.log1p(0.5 / 0.75)]
    assert dense(term, sequence([0, 1]))[0, :, 3].tolist() == pytest.approx(expected)
    # It says of product 3, which nobody had, what it says of all: nothing is inherited there.
    like = sp.csr_array(([1.0], ([3], [0])), shape=(4, 4), dtype=np.float32)
    heir = term.inherited(like)
    assert heir.relations[3] is term.relations[3]
    assert heir.relations[1].matrix.toarray()[3].tolist() == pytest.approx([0, 1, 0, 0])


def test_of_what_a_product_is_like_the_nearest_are_kept() -> None:
    # Even products have one attribute, odd ones the other: each shares it with 29.
    has = sp.csr_array(np.eye(2, dtype=np.float32)[np.arange(60) % 2])
    knowledge = Knowledge(np.zeros((60, 1), "f4"), np.zeros(60, bool), has, np.arange(2))
    train, cpu = sequence([0, 1], products=60), torch.device("cpu")
    found = CrossFit.of_everybody(train, knowledge, ModelConfig(), BUY, cpu)
    (term,) = found.terms
    assert term is not None
    assert np.diff(term.relations[3].matrix.indptr).tolist() == [ALIKE] * 60
    gathered = found.graphs[0]["product", "shares_with", "product"].scipy()
    assert np.diff(gathered.indptr).tolist() == [29] * 60


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
    assert len(term.relations) == 6
    seen = dense(term, train)[:, :, 5]
    # The view is one event back: 2^-.5; the purchases say nothing here.
    assert seen[0].tolist() == pytest.approx([np.log1p(2**-0.5 / FAINT), 0])
    assert seen[1].tolist() == [0, 0]


def test_only_the_columns_asked_for_are_given() -> None:
    past = sequence([0, 1, 2], [1, 2, 3], [0, 3])
    term = NeighbourTerm.count(past, BUY)
    gamma = torch.tensor([0.5, 2.0, 1.0, 3.0, 0.3])
    says = term.histories(*whole(past))
    everything = add_entries(torch.zeros(3, 4), term.entries(says), gamma)
    columns = np.array([1, 3])
    some = add_entries(torch.zeros(3, 2), term.entries(says, columns), gamma)
    assert torch.allclose(some, everything[:, columns])
    assert everything.any()


def test_pairs_are_given_what_the_whole_table_holds() -> None:
    past = sequence([0, 1, 2], [1, 2, 3], [0, 3])
    term = NeighbourTerm.count(past, BUY)
    question, product = np.divmod(np.arange(12), 4)
    found = term.of_pairs(term.histories(*whole(past)), question, product)
    np.testing.assert_allclose(found.numpy(), dense(term, past).reshape(12, -1), atol=1e-6)


def test_the_linear_weights_are_a_relation_of_shops_of_moderate_size() -> None:
    past = sequence([0, 1], [0, 1], [2, 3])
    linear = NeighbourTerm.count(past, BUY).relations[3].matrix.toarray()
    # Two products bought by the same two users: B_01 = 2 / (2 + λ), the rest has nothing to say.
    assert linear[0].tolist() == pytest.approx([0, 2 / (2 + PENALTY), 0, 0])
    large = sequence([0, 1], [0, 1], products=MOST_LINEAR + 1)
    assert len(NeighbourTerm.count(large, BUY).relations) == 3


def test_a_second_set_of_linear_weights_is_that_of_the_newest_behaviour_alone() -> None:
    user, product = np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3])
    kind = np.full(4, BUY)
    time = np.array([0, 1, LATE_DAYS * DAY_MS + 1, LATE_DAYS * DAY_MS + 2])
    past = Histories.from_events(user, product, kind, time, np.arange(4), 2, 4)
    late = NeighbourTerm.count(past, BUY).relations[4].matrix.toarray()
    # 0 was bought before the last sixty days, so that 1 has nothing to go with.
    assert not late[:2].any()
    assert late[2].tolist() == pytest.approx([0, 0, 0, 1 / (1 + LATE_PENALTY)])


def test_without_recency_nothing_fades_and_late_behaviour_has_no_weights_of_its_own() -> None:
    user, product = np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3])
    kind, time = np.array([VIEW, BUY, BUY, BUY]), np.arange(4) * DAY_MS
    past = Histories.from_events(user, product, kind, time, np.arange(4), 2, 4)
    whole, timeless = (NeighbourTerm.count(past, BUY, recency) for recency in (True, False))
    assert [one.fading for one in whole.relations] == [0.25, 0.25, 1, 0.25, 0.25, 0.5]
    assert [one.fading for one in timeless.relations] == [0, 0, 0, 0]
    for place, same in enumerate((0, 1, 3, 5)):
        assert (timeless.relations[place].matrix != whole.relations[same].matrix).nnz == 0


def test_the_gradient_of_the_entries_reaches_scores_and_weights() -> None:
    past = sequence([0, 1, 2], [1, 2, 3], [0, 3])
    term = NeighbourTerm.count(past, BUY)
    found = term.entries(term.histories(*whole(past)))
    scores = torch.zeros(3, 4, requires_grad=True)
    gamma = torch.ones(len(found), requires_grad=True)
    add_entries(1 * scores, found, gamma).sum().backward()
    assert (scores.grad == 1).all()
    assert gamma.grad is not None
    assert gamma.grad.tolist() == pytest.approx([float(one.value.sum()) for one in found])


def test_a_fitted_term_is_the_same_after_being_written_and_read() -> None:
    past = sequence([0, 1, 2], [1, 2, 3], [0, 3])
    gamma = torch.tensor([0.5, 2.0, 1.0, 0.1, 0.3])
    term = NeighbourTerm.count(past, BUY).weighted(gamma)
    again = NeighbourTerm.from_tensors(term.tensors())
    added, added_again = (one.add(torch.zeros(3, 4), *whole(past)) for one in (term, again))
    assert torch.equal(added_again, added)
    assert torch.allclose(added, torch.from_numpy(dense(term, past)) @ gamma)


def test_a_product_inherits_where_those_it_is_like_lead_and_are_led_to() -> None:
    counts = kind_weights("equal", BUY)
    matrix = sp.csr_array(np.array([[0, 4, 0], [2, 0, 0], [0, 0, 0]], np.float32))
    like = sp.csr_array(np.array([[0, 0, 0], [0, 0, 0], [0.5, 0, 0]], np.float32))
    term = NeighbourTerm((Relation(matrix, 0.0, counts),)).inherited(like)
    # 2 is half of 0: it leads to half of what 0 leads to, and 1 to it by half.
    expected = np.array([[0, 4, 0], [2, 0, 1], [0, 2, 0]], np.float32)
    assert term.relations[0].matrix.toarray() == pytest.approx(expected)
    # What was counted averages 3, and still does for scores, also after being read again.
    assert term.relations[0].scale == 3.0
    again = NeighbourTerm.from_tensors(term.weighted(torch.ones(1)).tensors())
    assert again.relations[0].scale == 3.0


def test_relations_of_one_matrix_share_what_it_grows_into_and_nothing_grows_in_vain() -> None:
    counts = kind_weights("equal", BUY)
    matrix = sp.csr_array(np.array([[0, 4, 0], [2, 0, 0], [0, 0, 0]], np.float32))
    term = NeighbourTerm(tuple(Relation(matrix, fading, counts) for fading in (0.25, 1.0)))
    like = sp.csr_array(np.array([[0, 0, 0], [0, 0, 0], [0.5, 0, 0]], np.float32))
    slow, fast = term.inherited(like).relations
    assert slow.matrix is fast.matrix
    assert term.inherited(sp.csr_array((3, 3), dtype=np.float32)) is term


def test_a_term_without_weights_does_not_score() -> None:
    past = sequence([0, 1])
    with pytest.raises(ValueError, match="not been fitted"):
        NeighbourTerm.count(past, BUY).add(torch.zeros(1, 4), *whole(past))
