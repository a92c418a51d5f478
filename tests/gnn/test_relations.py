"""Product relations, by hand."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from gnn.histories import Histories
from gnn.linear import strongest_entries
from gnn.relations import (
    attribute_relation,
    behaviour_relations,
    count_pairs,
    folds_of,
    shared_attributes,
    stand_ins,
    text_relation,
)


def sequence(*rows: list[int], products: int = 4) -> Histories:
    product = np.array([p for row in rows for p in row], np.int64)
    user = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    zeros = np.zeros(len(product), np.int64)
    return Histories.from_events(user, product, zeros, zeros, zeros, len(rows), products)


def test_followers_are_counted_up_to_three_positions_apart_by_one_over_the_gap() -> None:
    followed = count_pairs(sequence([0, 1, 2, 3, 0])).followed.toarray()
    assert followed[0].tolist() == pytest.approx([0, 1, 1 / 2, 1 / 3])
    assert followed[1, 0] == pytest.approx(1 / 3)
    assert followed[3, 0] == 1


def test_products_of_one_user_go_together_by_one_over_the_users_products() -> None:
    together = count_pairs(sequence([0, 1], [0, 1, 2, 3])).together.toarray()
    assert together[0, 1] == pytest.approx(1 / 2 + 1 / 4)
    assert together[0, 2] == pytest.approx(1 / 4)


def test_counts_without_a_fold_are_the_counts_of_the_others() -> None:
    everyone, one = sequence([0, 1, 2], [1, 2, 3]), sequence([1, 2, 3])
    rest = count_pairs(everyone).without(count_pairs(one))
    alone = count_pairs(sequence([0, 1, 2]))
    assert np.allclose(rest.followed.toarray(), alone.followed.toarray())
    assert np.allclose(rest.together.toarray(), alone.together.toarray())
    assert rest.followed.nnz == alone.followed.nnz


def test_behaviour_relations_gather_with_weights_that_sum_to_one_and_skip_oneself() -> None:
    relations = behaviour_relations(count_pairs(sequence([0, 1, 2, 1], [3, 0])), neighbours=2)
    for matrix in relations.values():
        sums = np.asarray(matrix.sum(axis=1)).ravel()
        assert set(np.round(sums, 5)) <= {0.0, 1.0}
        assert not matrix.diagonal().any()
        assert np.diff(matrix.indptr).max() <= 2
    assert relations["followed_by"].toarray()[3].tolist() == [1, 0, 0, 0]
    assert relations["preceded_by"].toarray()[0].tolist() == [0, 0, 0, 1]


def test_the_strongest_entries_stay_but_for_the_diagonal() -> None:
    dense = np.array([[9, 3, 1, 2], [0, 0, 5, 0], [1, 2, 3, 4], [0, 0, 0, 7]], np.float32)
    kept = strongest_entries(sp.csr_array(dense), 2, block=3).toarray()
    assert kept.tolist() == [[0, 3, 0, 2], [0, 0, 5, 0], [0, 2, 0, 4], [0, 0, 0, 0]]


def test_text_neighbours_are_the_nearest_by_cosine_and_need_a_text() -> None:
    text = np.array([[1, 0], [2, 0], [0, 3], [0, 0]], np.float32)
    near = text_relation(text, neighbours=1, block=2).toarray()
    assert near.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]


def test_rare_attributes_weigh_more_than_common_ones() -> None:
    # df = 3 and 2 of 4 products: ln(4/3) and ln(4/2).
    incidence = sp.csr_array(np.array([[1, 1], [1, 0], [1, 1], [0, 0]], np.float32))
    has = attribute_relation(incidence).toarray()
    common, rare = np.log(4 / 3), np.log(2)
    assert has[0].tolist() == pytest.approx([common / (common + rare), rare / (common + rare)])
    assert has[3].tolist() == [0, 0]


def test_products_share_more_through_rare_attributes() -> None:
    incidence = sp.csr_array(np.array([[1, 1], [1, 0], [1, 1], [0, 0]], np.float32))
    common, rare = np.log(4 / 3) / np.log(8 / 3), np.log(2) / np.log(8 / 3)
    # Three have the common one, two the rare one; nothing is shared with oneself.
    other, twin = common / 3, common / 3 + rare / 2
    both = other + twin
    shared = shared_attributes(incidence, 2).toarray()
    assert shared[0].tolist() == pytest.approx([0, other / both, twin / both, 0])
    assert shared[1].tolist() == pytest.approx([0.5, 0, 0.5, 0])
    assert not shared[3].any()
    assert shared_attributes(incidence, 1).toarray()[0].tolist() == [0, 0, 1, 0]


def test_what_nobody_had_is_like_what_somebody_had_alone() -> None:
    text = sp.csr_array(np.array([[0, 1, 0, 0], [0, 0, 1, 0], [0.5, 0.5, 0, 0], [0.2, 0, 0.8, 0]]))
    shared = sp.csr_array(np.array([[0, 0, 0, 1], [0, 0, 0, 0], [0.5, 0, 0, 0.5], [0, 0, 1.0, 0]]))
    found = stand_ins([text, shared], np.array([True, True, False, False]))
    # 2 is like 0 twice and like 1 once; of what 3 is like only 0 is known.
    expected = [[0, 0, 0, 0], [0, 0, 0, 0], [2 / 3, 1 / 3, 0, 0], [1, 0, 0, 0]]
    assert found.toarray() == pytest.approx(np.array(expected))
    assert stand_ins([], np.array([True, False])).nnz == 0


def test_folds_are_even_and_repeatable() -> None:
    folds = folds_of(10, 4, seed=3)
    assert sorted(np.bincount(folds).tolist()) == [2, 2, 3, 3]
    assert (folds == folds_of(10, 4, seed=3)).all()
