import numpy as np
import pytest

from gnn.behaviour import ages, event_counts, kind_weights, positives, user_matrix
from kg.records import KINDS

PURCHASE, VIEW = KINDS.index("purchase"), KINDS.index("view")


def test_only_the_target_kind_counts_under_target() -> None:
    assert kind_weights("target", VIEW).tolist() == [1, 0, 0, 0, 0, 0]


def test_returns_never_count() -> None:
    for kinds in ("target", "graded", "equal"):
        assert kind_weights(kinds, PURCHASE)[KINDS.index("return")] == 0


def test_equal_kinds_weigh_the_same() -> None:
    assert kind_weights("equal", PURCHASE).tolist() == [1, 1, 1, 1, 0, 1]


def test_the_target_kind_weighs_one_however_it_is_graded() -> None:
    assert kind_weights("graded", VIEW)[VIEW] == 1


def test_an_unknown_choice_of_kinds_is_refused() -> None:
    with pytest.raises(ValueError, match="'some'"):
        kind_weights("some", PURCHASE)  # type: ignore[arg-type]


def test_positives_keep_rows_and_drop_what_does_not_count(histories) -> None:
    kept = positives(histories([[(0, "view"), 1, (1, "return")], []], 2), "target", PURCHASE)
    assert kept.indptr.tolist() == [0, 1, 1]
    assert kept.product.tolist() == [1]


def test_the_newest_event_of_a_row_is_of_age_one(histories) -> None:
    assert ages(histories([[0, 1, 2], [], [0]], 3)).tolist() == [3, 2, 1, 1]


def test_a_pair_weighs_as_much_as_its_strongest_event(histories) -> None:
    events = histories([[(0, "view"), (1, "cart"), 0, (2, "view")], []], 3)
    weights = user_matrix(events, "graded", PURCHASE).toarray()
    assert weights == pytest.approx(np.array([[1, 0.6, 0.3], [0, 0, 0]]))


def test_age_is_counted_among_what_counts(histories) -> None:
    events = histories([[0, 1, 0, 2, (1, "view")]], 3)
    weights = user_matrix(events, "target", PURCHASE, recency=1.0).toarray()
    assert weights == pytest.approx(np.array([[1 / 2, 1 / 3, 1]]))


def test_event_counts_add_repeats_up(histories) -> None:
    events = histories([[0, 0, (1, "view")], [1]], 3)
    assert event_counts(events, "target", PURCHASE).tolist() == [2, 1, 0]
    assert event_counts(events, "equal", PURCHASE).tolist() == [2, 2, 0]
