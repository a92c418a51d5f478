import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
import scipy.sparse as sp

from gnn.evaluation import REPORTED, evaluate, paired_bootstrap
from gnn.protocols.task import Task


@dataclass
class Fixed:
    """Answers the query whose only event is product p with row p of a table."""

    table: np.ndarray

    def score(self, queries, now) -> np.ndarray:
        return self.table[queries.product].astype(np.float32)


@pytest.fixture
def task(histories) -> Task:
    """Three rows over five products; product 4 is no candidate, row 2 has no target."""
    queries = histories([[0], [1], [2]], 5)
    return Task(
        train=queries,
        queries=queries,
        query_user=np.arange(3),
        now=None,
        targets=_ones([[1, 2], [3], []]),
        masked=_ones([[0], [1], [2]]),
        candidates=np.array([True, True, True, True, False]),
    )


#: Row 0: the masked 0 and 4, no candidate, score highest; then 1, 3, 2.
TABLE = np.array([[9, 5, 1, 3, 9], [4, 9, 4, 4, 0], [0, 0, 0, 0, 0]])


def test_masked_products_and_other_products_than_candidates_do_not_count(task) -> None:
    found = evaluate(Fixed(TABLE), task, ks=(1, 3))
    assert found.asked.tolist() == [0, 1]
    # Row 0 finds its targets at 1 and 3; row 1 ties with 0 and 2 and comes third.
    assert found.rows["mrr"] == pytest.approx([1, 1 / 3])
    assert found.rows["recall@1"].tolist() == [0.5, 0]
    assert found.rows["recall@3"].tolist() == [1, 1]
    assert found.metrics["ndcg@3"] == pytest.approx(
        ((1 + 1 / math.log2(4)) / (1 + 1 / math.log2(3)) + 1 / math.log2(4)) / 2
    )


def test_auc_counts_the_candidates_that_are_neither_masked_nor_targets(task) -> None:
    found = evaluate(Fixed(TABLE), task)
    # Row 0: its targets are 1 and 2, 0 is masked, 4 no candidate: 3 is the one other, between them.
    # Row 1: its target 3 ties with both others, 0 and 2.
    assert found.rows["auc"].tolist() == [0.5, 0]


def test_what_is_shown_and_where_each_target_stands_are_kept(task) -> None:
    found = evaluate(Fixed(TABLE), task, ks=(2, 4))
    assert found.shown[0].tolist() == [1, 3, 2, -1]
    assert sorted(found.shown[1].tolist()) == [-1, 0, 2, 3]
    assert found.ranks.rank.tolist() == [1, 3, 3]
    assert found.target.tolist() == [1, 2, 3]


def test_coverage_is_the_share_of_candidates_shown_to_anyone(task) -> None:
    table = np.array([[9, 5, 1, 3, 9], [1, 9, 2, 3, 9], [0, 0, 0, 0, 0]])
    found = evaluate(Fixed(table), task, ks=(1, 2, 10))
    assert found.metrics["coverage@1"] == 2 / 4  # 1 for row 0, 3 for row 1
    assert found.metrics["coverage@2"] == 3 / 4  # and 3, 2
    assert found.metrics["coverage@10"] == 4 / 4  # product 4 is shown to nobody


def test_a_target_outside_the_candidates_counts_as_missed(task) -> None:
    without = replace(task, candidates=np.array([True, True, False, True, True]))
    assert evaluate(Fixed(TABLE), without, ks=(5,)).rows["recall@5"].tolist() == [0.5, 1]


def test_blocks_of_rows_change_nothing(histories) -> None:
    rng = np.random.default_rng(0)
    queries = histories([[p] for p in range(7)], 7)
    task = Task(
        queries,
        queries,
        None,
        None,
        targets=sp.csr_array(np.roll(np.eye(7, dtype=np.float32), 1, axis=1)),
        masked=queries.matrix(),
        candidates=np.ones(7, bool),
    )
    model = Fixed(rng.integers(0, 4, (7, 7)))
    whole, split = evaluate(model, task), evaluate(model, task, block_bytes=2 * 7 * 4)
    assert whole.metrics == split.metrics
    assert all(np.array_equal(whole.rows[name], split.rows[name]) for name in whole.rows)


def test_the_reported_metrics_are_numbers(task) -> None:
    reported = evaluate(Fixed(TABLE), task).reported()
    assert tuple(reported) == REPORTED
    assert all(type(value) is float for value in reported.values())


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_scores_that_are_not_finite_are_refused(task, bad) -> None:
    table = TABLE.astype(float)
    table[1, 3] = bad
    with pytest.raises(ValueError, match="Fixed gave scores that are not finite"):
        evaluate(Fixed(table), task)


def test_scores_of_another_shape_are_refused(task) -> None:
    with pytest.raises(ValueError, match=r"\(2, 4\)"):
        evaluate(Fixed(TABLE[:, :4]), task)


def test_a_task_without_targets_is_refused(task) -> None:
    with pytest.raises(ValueError, match="no row"):
        evaluate(Fixed(TABLE), task.take(np.array([2])))


def test_bootstrap_of_a_constant_difference_has_no_width() -> None:
    a = np.arange(50, dtype=float)
    mean, low, high = paired_bootstrap(a + 2, a)
    assert (mean, low, high) == (2, 2, 2)


def test_bootstrap_spans_two_standard_errors() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(1, 1, 400), np.zeros(400)
    mean, low, high = paired_bootstrap(a, b, seed=3)
    error = a.std() / math.sqrt(400)
    assert mean == pytest.approx(a.mean())
    assert high - mean == pytest.approx(1.96 * error, rel=0.05)
    assert mean - low == pytest.approx(1.96 * error, rel=0.05)
    assert paired_bootstrap(a, b, seed=3) == (mean, low, high)


def test_bootstrap_needs_the_same_rows_of_both() -> None:
    with pytest.raises(ValueError, match="same rows"):
        paired_bootstrap(np.zeros(3), np.zeros(4))


def _ones(rows: list[list[int]]) -> sp.csr_array:
    dense = np.zeros((len(rows), 5), np.float32)
    for row, products in enumerate(rows):
        dense[row, products] = 1
    return sp.csr_array(dense)
