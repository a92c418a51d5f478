import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnn import metrics
from gnn.metrics import MISSED, Ranks, auc, mae, rmse, target_ranks

#: Row 0 has targets at 1 and 4, row 1 one at 3, row 2 at 2 and one never found.
RANKS = Ranks(np.array([0, 2, 3, 5]), np.array([1, 4, 3, 2, MISSED]))


def scores(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_a_target_ranks_below_what_scores_more() -> None:
    assert target_ranks(scores(5, 4, 3, 2), np.array([2]))[0].tolist() == [3]


def test_a_tie_counts_against_the_target() -> None:
    assert target_ranks(scores(1, 1, 1, 0), np.array([0]))[0].tolist() == [3]


def test_targets_tied_with_one_another_stand_in_a_row() -> None:
    # Below the 9 and the tied other come both targets: 3 and 4, not 4 and 4.
    assert target_ranks(scores(9, 1, 1, 1, 0), np.array([1, 3]))[0].tolist() == [3, 4]


def test_better_targets_push_worse_ones_down_by_one_place_each() -> None:
    assert target_ranks(scores(9, 8, 7, 6), np.array([3, 0]))[0].tolist() == [1, 4]


def test_a_target_that_is_masked_is_never_found() -> None:
    assert target_ranks(scores(1, -np.inf, 3), np.array([1, 0]))[0].tolist() == [2, MISSED]


def test_a_constant_model_ranks_its_target_last() -> None:
    assert target_ranks(np.zeros(100, np.float32), np.array([7]))[0].tolist() == [100]


def test_hr_is_whether_any_target_is_hit() -> None:
    assert metrics.hr_at_k(RANKS, 1).tolist() == [1, 0, 0]
    assert metrics.hr_at_k(RANKS, 3).tolist() == [1, 1, 1]


def test_recall_is_hits_over_all_targets() -> None:
    assert metrics.recall_at_k(RANKS, 3).tolist() == [0.5, 1, 0.5]
    assert metrics.recall_at_k(RANKS, 4).tolist() == [1, 1, 0.5]


def test_recall_of_many_targets_cannot_reach_one_early() -> None:
    ranks = Ranks(np.array([0, 4]), np.array([1.0, 2, 3, 4]))
    assert metrics.recall_at_k(ranks, 2).tolist() == [0.5]


def test_precision_is_hits_over_k() -> None:
    assert metrics.precision_at_k(RANKS, 4).tolist() == [0.5, 0.25, 0.25]


def test_f1_is_the_harmonic_mean() -> None:
    # Row 0 at 4: precision 1/2, recall 1; row 2: 1/4 and 1/2.
    assert metrics.f1_at_k(RANKS, 4) == pytest.approx([2 / 3, 2 / 5, 1 / 3])


def test_ndcg_divides_by_hits_on_top() -> None:
    two_on_top = 1 + 1 / math.log2(3)
    assert metrics.ndcg_at_k(RANKS, 4) == pytest.approx(
        [(1 + 1 / math.log2(5)) / two_on_top, 1 / math.log2(4), 1 / math.log2(3) / two_on_top]
    )
    assert metrics.ndcg_at_k(RANKS, 2)[1] == 0


def test_ndcg_expects_no_more_hits_than_k() -> None:
    ranks = Ranks(np.array([0, 4]), np.array([1.0, 2, 3, 4]))
    assert metrics.ndcg_at_k(ranks, 2).tolist() == [1]


def test_mrr_looks_at_the_best_target_over_the_whole_ranking() -> None:
    far = Ranks(np.array([0, 1, 2]), np.array([2000, MISSED]))
    assert metrics.reciprocal_rank(RANKS) == pytest.approx([1, 1 / 3, 1 / 2])
    assert metrics.reciprocal_rank(far).tolist() == [1 / 2000, 0]


def test_average_precision_is_the_mean_precision_at_the_targets() -> None:
    assert metrics.average_precision(RANKS) == pytest.approx(
        [(1 / 1 + 2 / 4) / 2, 1 / 3, (1 / 2 + 0) / 2]
    )


@pytest.mark.parametrize("metric", [metrics.hr_at_k, metrics.ndcg_at_k, metrics.recall_at_k])
def test_k_below_one_is_refused(metric) -> None:
    with pytest.raises(ValueError, match="got 0"):
        metric(RANKS, 0)


def test_a_row_without_targets_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one target"):
        Ranks(np.array([0, 0, 1]), np.array([1.0]))


@st.composite
def scored_rows(draw):
    """Small integers, so that ties abound, and a few masked products."""
    values = draw(st.lists(st.sampled_from([-np.inf, 0, 1, 2, 3]), min_size=1, max_size=12))
    targets = draw(st.sets(st.integers(0, len(values) - 1), min_size=1))
    return np.array(values, np.float32), np.array(sorted(targets))


def naive_ranks(line: np.ndarray, targets: np.ndarray) -> list[float]:
    """Sort everything by score with other products before targets of the same score."""
    order = sorted(
        (p for p in range(len(line)) if line[p] > -np.inf),
        key=lambda p: (-line[p], p in targets, p),
    )
    return sorted(order.index(t) + 1.0 if t in order else MISSED for t in targets)


@given(scored_rows())
def test_ranks_are_those_of_sorting_everything(row) -> None:
    line, targets = row
    assert target_ranks(line, targets)[0].tolist() == naive_ranks(line, targets)


@given(scored_rows(), st.randoms())
def test_ranks_do_not_depend_on_the_order_of_products(row, rng) -> None:
    line, targets = row
    shuffled = list(range(len(line)))
    rng.shuffle(shuffled)
    moved = np.argsort(shuffled)[targets]
    assert (
        target_ranks(line[shuffled], moved)[0].tolist() == target_ranks(line, targets)[0].tolist()
    )


@given(st.lists(st.lists(st.integers(1, 30), min_size=1, unique=True), min_size=1))
def test_every_metric_lies_between_nothing_and_one(rows) -> None:
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    ranks = Ranks(indptr, np.concatenate([np.sort(row) for row in rows]).astype(float))
    values = [
        metrics.ndcg_at_k(ranks, 10),
        metrics.recall_at_k(ranks, 10),
        metrics.f1_at_k(ranks, 10),
        metrics.reciprocal_rank(ranks),
        metrics.average_precision(ranks),
    ]
    assert all(((of >= 0) & (of <= 1 + 1e-12)).all() for of in values)


def test_targets_come_in_the_order_of_their_ranks() -> None:
    rank, product = target_ranks(scores(2, 9, 5, 9), np.array([0, 2, 3]))
    assert rank.tolist() == [2, 3, 4]
    assert product.tolist() == [3, 2, 0]


# AUC


def test_auc_is_the_share_of_pairs_that_are_won() -> None:
    # Ranks 1 and 4 among six candidates: of the four others, 0 and 2 stand above.
    ranks = Ranks(np.array([0, 2, 3]), np.array([1.0, 4.0, 2.0]))
    assert auc(ranks, np.array([4, 1])).tolist() == [1 - (0 / 4 + 2 / 4) / 2, 0]


def test_a_target_that_is_never_found_loses_every_pair() -> None:
    ranks = Ranks(np.array([0, 2, 3]), np.array([1.0, MISSED, MISSED]))
    assert auc(ranks, np.array([5, 0])).tolist() == [0.5, 0]


def test_without_other_candidates_nothing_is_lost() -> None:
    assert auc(Ranks(np.array([0, 1]), np.array([1.0])), np.array([0])).tolist() == [1]


# Ratings


def test_errors_of_ratings_by_hand() -> None:
    predicted, ratings = np.array([3.0, 4.0, 5.0]), np.array([4.0, 4.0, 3.0])
    assert rmse(predicted, ratings) == pytest.approx(math.sqrt(5 / 3))
    assert mae(predicted, ratings) == 1


def test_ratings_need_a_prediction_each() -> None:
    with pytest.raises(ValueError, match=r"\(2,\), \(1,\)"):
        rmse(np.zeros(2), np.zeros(1))
    with pytest.raises(ValueError, match=r"\(0,\)"):
        mae(np.zeros(0), np.zeros(0))
