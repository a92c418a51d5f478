import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnn.histories import Histories


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_events_are_grouped_by_row_and_sorted_by_time_then_order() -> None:
    grouped = Histories.from_events(
        row=ints(1, 0, 1, 1),
        product=ints(10, 11, 12, 13),
        kind=ints(3, 3, 0, 3),
        time=ints(5, 9, 5, 1),
        order=ints(2, 0, 1, 3),
        num_rows=3,
        num_products=20,
    )
    assert grouped.indptr.tolist() == [0, 1, 4, 4]
    assert grouped.product.tolist() == [11, 13, 12, 10]
    assert grouped.kind.tolist() == [3, 3, 0, 3]
    assert grouped.row.tolist() == [0, 1, 1, 1]


def test_equal_times_and_orders_keep_the_order_given() -> None:
    same = ints(0, 0, 0)
    grouped = Histories.from_events(same, ints(2, 0, 1), same, same, same, 1, 3)
    assert grouped.product.tolist() == [2, 0, 1]


def test_keeping_events_leaves_the_rows_in_place(histories) -> None:
    kept = histories([[0, 1], [2], [1, 2]], 3).keep(np.array([False, True, False, True, False]))
    assert kept.indptr.tolist() == [0, 1, 1, 2]
    assert kept.product.tolist() == [1, 1]


def test_rows_are_taken_in_the_order_asked_for(histories) -> None:
    taken = histories([[0, 1], [2], []], 3).take(ints(1, 2, 0, 1))
    assert taken.indptr.tolist() == [0, 1, 1, 3, 4]
    assert taken.product.tolist() == [2, 0, 1, 2]


def test_matrix_marks_pairs_once_and_adds_weights_up(histories) -> None:
    events = histories([[2, 0, 2], []], 3)
    assert events.matrix().toarray().tolist() == [[1, 0, 1], [0, 0, 0]]
    weights = np.array([1, 2, 4], np.float32)
    assert events.matrix(weights).toarray().tolist() == [[2, 0, 5], [0, 0, 0]]
    assert weights.tolist() == [1, 2, 4]
    assert events.product.tolist() == [2, 0, 2]


def test_a_product_outside_the_catalogue_is_refused(histories) -> None:
    with pytest.raises(ValueError, match=r"0\.\.2"):
        histories([[3]], 3)


def test_indptr_that_does_not_span_the_events_is_refused() -> None:
    with pytest.raises(ValueError, match="2 events"):
        Histories(ints(0, 1), ints(0, 0), ints(3, 3), ints(0, 0), 1)


@given(st.lists(st.lists(st.integers(0, 4), max_size=5), min_size=1, max_size=6), st.data())
def test_taking_rows_is_indexing_the_matrix(histories, rows, data) -> None:
    events = histories(rows, 5)
    asked = ints(*data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=6)))
    expected = events.matrix().toarray()[asked]
    assert np.array_equal(events.take(asked).matrix().toarray(), expected)
