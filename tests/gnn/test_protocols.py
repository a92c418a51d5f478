import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnn.protocols import files, forward, leave_one_out, random
from gnn.protocols.task import Task
from kg.records import KINDS, NO_TIME

DAY = 86_400_000
VIEW, PURCHASE = KINDS.index("view"), KINDS.index("purchase")


def rows_of(events) -> list[list[int]]:
    return [part.tolist() for part in np.split(events.product, events.indptr[1:-1])]


def targets_of(task: Task) -> list[list[int]]:
    return [np.flatnonzero(row).tolist() for row in task.targets.toarray()]


def masked_of(task: Task) -> list[list[int]]:
    return [np.flatnonzero(row).tolist() for row in task.masked.toarray()]


# Leave-one-out


def test_leave_one_out_asks_for_the_last_and_validates_on_the_second_last(histories) -> None:
    split = leave_one_out.split(histories([[0, 1, 2, 3], [4, 3, 0]], 5))
    assert rows_of(split.test.train) == [[0, 1], [4]]
    assert split.valid.train is split.test.train
    assert rows_of(split.valid.queries) == [[0, 1], [4]]
    assert targets_of(split.valid) == [[2], [3]]
    assert rows_of(split.test.queries) == [[0, 1, 2], [4, 3]]
    assert targets_of(split.test) == [[3], [0]]
    assert masked_of(split.test) == [[0, 1, 2], [3, 4]]
    assert split.test.candidates.all()
    assert split.test.now is None


def test_leave_one_out_asks_users_of_two_events_in_the_test_only(histories) -> None:
    split = leave_one_out.split(histories([[0, 1], [2], [], [0, 1, 2]], 3))
    assert rows_of(split.test.train) == [[], [], [], [0]]
    assert split.test.query_user is not None
    assert split.valid.query_user is not None
    assert split.test.query_user.tolist() == [0, 3]
    assert split.valid.query_user.tolist() == [3]


def test_leave_one_out_cuts_every_kind_at_the_target(histories) -> None:
    row = [(3, "view"), 0, (1, "view"), 1, (2, "cart"), 2, (4, "view")]
    split = leave_one_out.split(histories([row], 5))
    assert rows_of(split.test.train) == [[3, 0, 1]]
    assert rows_of(split.test.queries) == [[3, 0, 1, 1, 2]]
    assert targets_of(split.test) == [[2]]
    assert masked_of(split.test) == [[0, 1]], "what was only viewed or carted may be recommended"


def test_leave_one_out_asks_at_the_time_of_the_target(histories) -> None:
    row = [(product, "purchase", 100 + product) for product in range(3)]
    split = leave_one_out.split(histories([row], 3))
    assert split.test.now is not None
    assert split.test.now.tolist() == [102]


# Forward


@pytest.fixture
def sales(histories):
    """The cutoff is day 100, so validation's is day 72."""
    return histories(
        [
            [(0, "purchase", 10 * DAY), (1, "purchase", 80 * DAY), (2, "purchase", 100 * DAY)],
            [(2, "purchase", 20 * DAY), (2, "purchase", 101 * DAY), (4, "purchase", 102 * DAY)],
            [(0, "purchase", 105 * DAY)],
            [(0, "view", 30 * DAY), (0, "purchase", 75 * DAY), (0, "return", 76 * DAY)],
            [(0, "return", 40 * DAY), (2, "purchase", 110 * DAY)],
            [(1, "view", 50 * DAY), (0, "purchase", 101 * DAY), (3, "view", 102 * DAY)],
        ],
        5,
    )


def test_forward_asks_known_users_for_products_sold_before_and_new_to_them(sales) -> None:
    test = forward.split(sales, 100 * DAY).test
    assert test.query_user is not None
    # User 1 buys what they had and what nobody had; 2 is new; 4 only gave something back.
    assert test.query_user.tolist() == [0, 5]
    assert targets_of(test) == [[2], [0]]
    assert masked_of(test) == [[0, 1], []]
    assert np.flatnonzero(test.candidates).tolist() == [0, 1, 2]
    assert test.now is not None
    assert test.now.tolist() == [100 * DAY, 100 * DAY]


def test_forward_fits_on_everything_before_the_cutoff_and_nothing_after(sales) -> None:
    split = forward.split(sales, 100 * DAY)
    assert rows_of(split.test.train) == [[0, 1], [2], [], [0, 0, 0], [0], [1]]
    assert rows_of(split.valid.train) == [[0], [2], [], [0], [0], [1]]


def test_forward_validates_by_the_same_rule_four_weeks_earlier(sales) -> None:
    valid = forward.split(sales, 100 * DAY).valid
    assert valid.query_user is not None
    # Product 1, which user 0 buys then, was not sold before.
    assert valid.query_user.tolist() == [3]
    assert targets_of(valid) == [[0]]
    assert np.flatnonzero(valid.candidates).tolist() == [0, 2]


def test_forward_counts_what_was_returned_as_bought(histories) -> None:
    events = histories(
        [
            [(0, "purchase", 1), (0, "return", 2), (0, "purchase", 50), (1, "purchase", 51)],
            [(1, "purchase", 1)],
        ],
        2,
    )
    assert targets_of(forward.task_at(events, 10)) == [[1]]


def test_forward_needs_times(histories) -> None:
    with pytest.raises(ValueError, match="time"):
        forward.split(histories([[0, 1]], 2), 5)


def test_forward_refuses_a_cutoff_with_nothing_behind_it(sales) -> None:
    with pytest.raises(ValueError, match="anything to predict"):
        forward.split(sales, 1000 * DAY)


def test_forward_counts_online_retail_as_a_straight_count_does(online_retail) -> None:
    cutoff = pd.Timestamp("2011-09-01").value // 10**6
    split = forward.split(online_retail, cutoff)
    assert split.counts["train_users"] == 3314
    assert split.counts["candidates"] == 3388
    assert split.test.train.matrix().nnz == 162_426
    assert split.counts["test_rows"] == 883
    assert split.counts["test_targets"] == 16_451


# Random


def test_random_takes_every_kind_of_a_held_out_pair_away(histories) -> None:
    pairs = [(product, kind) for product in range(10) for kind in ("view", "cart", "purchase")]
    split = random.split(histories([[*pairs, (10, "view")]], 11))
    held = targets_of(split.test)[0]
    assert len(held) == 2
    assert not set(held) & set(split.test.train.product.tolist())
    assert split.test.train.num_events == 8 * 3 + 1
    assert masked_of(split.test)[0] == sorted(set(range(10)) - set(held))
    assert targets_of(split.valid)[0][0] not in held
    assert split.valid.train.num_events == 7 * 3 + 1


def test_random_counts_products_not_repeats(histories) -> None:
    task = random.hold_out(
        histories([[0, 0, 0, 0, 1, 1, 1, 1]], 2), PURCHASE, np.random.default_rng(0)
    )
    assert task.targets.nnz == 1
    assert task.train.num_events == 4


def test_random_never_asks_users_of_one_product(histories) -> None:
    task = random.hold_out(histories([[0], [1, 2], [(0, "view")]], 3), PURCHASE, _rng())
    assert task.query_user is not None
    assert task.query_user.tolist() == [1]
    assert rows_of(task.train)[0] == [0]


def test_random_is_the_same_for_the_same_seed(histories) -> None:
    events = histories([list(range(20)), list(range(20))], 20)
    first, again, other = (random.split(events, seed=seed) for seed in (0, 0, 1))
    assert targets_of(first.test) == targets_of(again.test)
    assert targets_of(first.test) != targets_of(other.test)


@given(st.lists(st.lists(st.integers(0, 12), max_size=20), min_size=1, max_size=5))
def test_random_holds_out_a_fifth_of_each_user(histories, rows) -> None:
    task = random.hold_out(histories(rows, 13), PURCHASE, _rng())
    counts = {user: len(set(row)) for user, row in enumerate(rows)}
    assert task.query_user is not None
    assert task.query_user.tolist() == [user for user, n in counts.items() if n >= 2]
    for user, targets in zip(task.query_user.tolist(), targets_of(task), strict=True):
        assert len(targets) == max(1, counts[user] // 5)
        assert set(targets) | set(rows_of(task.train)[user]) == set(rows[user])


# Files


def test_file_pairs_mask_the_train_products(histories) -> None:
    train = histories([[0, 1, 2], [3], []], 5)
    test = histories([[3, 4], [], [0]], 5)
    split = files.split_pairs(train, test)
    assert split.test.query_user is not None
    assert split.test.query_user.tolist() == [0, 2]
    assert targets_of(split.test) == [[3, 4], [0]]
    assert masked_of(split.test) == [[0, 1, 2], []]
    assert split.test.train is train
    assert split.valid.train.num_events == 3
    assert split.valid.targets.nnz == 1


def test_file_pairs_need_the_same_users(histories) -> None:
    with pytest.raises(ValueError, match="2 users"):
        files.split_pairs(histories([[0]], 1), histories([[0], [0]], 1))


def test_file_windows_are_answered_from_their_own_history_and_never_fitted_on(histories) -> None:
    train = histories([[0, 1]], 4)
    valid, test = histories([[0, 1]], 4), histories([[0, 1, 2], [1]], 4)
    split = files.split_windows(train, valid, np.array([2]), test, np.array([3, 1]))
    assert split.valid.train is train
    assert split.test.train is train
    assert rows_of(split.test.queries) == [[0, 1, 2], [1]]
    assert targets_of(split.test) == [[3], [1]]
    assert masked_of(split.test) == [[], []]
    assert split.test.query_user is None


def test_file_windows_need_a_target_each(histories) -> None:
    one = histories([[0]], 2)
    with pytest.raises(ValueError, match="1 histories but 2 targets"):
        files.split_windows(one, one, np.array([1, 1]), one, np.array([1]))


# Tasks


def test_a_task_refuses_answers_of_another_shape(histories) -> None:
    task = leave_one_out.split(histories([[0, 1, 2]], 3)).test
    with pytest.raises(ValueError, match="candidates"):
        Task(task.train, task.queries, None, None, task.targets, task.masked, np.ones(2, bool))
    with pytest.raises(ValueError, match="now"):
        Task(
            task.train,
            task.queries,
            None,
            np.array([NO_TIME, NO_TIME]),
            task.targets,
            task.masked,
            task.candidates,
        )


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)
