"""Training questions: what is asked, when, and what must not be an answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnn.histories import Histories
from gnn.questions import DAY_MS, Past, Trend, ask, hide
from kg.records import KINDS, NO_TIME

BUY = KINDS.index("purchase")
VIEW = KINDS.index("view")


def histories(
    events: list[tuple[int, int, int, int]], users: int = 2, products: int = 6
) -> Histories:
    """From (user, product, kind, day) in any order; day -1 stands for no time."""
    rows = np.array(events, np.int64).reshape(-1, 4)
    time = np.where(rows[:, 3] < 0, NO_TIME, rows[:, 3] * DAY_MS)
    return Histories.from_events(
        rows[:, 0], rows[:, 1], rows[:, 2], time, np.arange(len(rows)), users, products
    )


def answers(past: Histories, horizon: float) -> list[tuple[int, int, list[int]]]:
    asked = ask(past, BUY, horizon)
    return [
        (
            int(asked.row[q]),
            int(asked.start[q]),
            sorted(asked.target[asked.indptr[q] : asked.indptr[q + 1]].tolist()),
        )
        for q in range(len(asked))
    ]


def test_a_basket_is_asked_for_at_once_and_its_products_do_not_know_one_another() -> None:
    past = histories([(0, 1, BUY, 1), (0, 2, BUY, 5), (0, 3, BUY, 5)])
    assert answers(past, 1) == [(0, 0, [1]), (0, 1, [2, 3])]


def test_the_horizon_takes_in_what_comes_soon_and_leaves_the_rest() -> None:
    past = histories([(0, 1, BUY, 0), (0, 2, BUY, 3), (0, 3, BUY, 10)])
    assert answers(past, 4) == [(0, 0, [1, 2]), (0, 1, [2]), (0, 2, [3])]


def test_a_question_with_lead_is_asked_earlier_and_knows_only_what_came_before() -> None:
    past = histories([(0, 9 % 6, BUY, 0), (0, 1, VIEW, 50), (0, 2, BUY, 60)])
    for seed in range(20):
        asked = ask(past, BUY, horizon_days=30, lead_days=30, seed=seed)
        (late,) = np.flatnonzero(asked.now > 10 * DAY_MS)
        assert 30 * DAY_MS <= asked.now[late] <= 60 * DAY_MS
        known = asked.start[late]
        assert known == (2 if asked.now[late] > 50 * DAY_MS else 1)
        assert asked.target[asked.indptr[late] : asked.indptr[late + 1]].tolist() == [2]


def test_what_was_bought_before_is_no_answer() -> None:
    past = histories([(0, 1, BUY, 0), (0, 1, BUY, 3), (0, 2, BUY, 3)])
    assert answers(past, 10) == [(0, 0, [1, 2]), (0, 1, [2])]


def test_views_are_known_but_not_asked_for() -> None:
    past = histories([(0, 4, VIEW, 0), (0, 4, BUY, 1), (1, 5, VIEW, 0)])
    assert answers(past, 1) == [(0, 1, [4])]


def test_without_times_the_next_event_alone_is_asked_for() -> None:
    past = histories([(0, 1, BUY, -1), (0, 2, BUY, -1), (1, 3, BUY, -1)])
    assert answers(past, 28) == [(0, 0, [1]), (0, 1, [2]), (1, 2, [3])]


def test_no_events_ask_nothing() -> None:
    assert len(ask(histories([]), BUY, 28)) == 0


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2), st.integers(0, 5), st.sampled_from([BUY, VIEW]), st.integers(0, 60)
        ),
        max_size=25,
    ),
    st.integers(1, 30),
)
def test_answers_are_exactly_the_first_purchases_within_the_horizon(
    events: list[tuple[int, int, int, int]], horizon: int
) -> None:
    past = histories(events, users=3)
    found = ask(past, BUY, horizon)
    for q in range(len(found)):
        user, start, now = int(found.row[q]), int(found.start[q]), int(found.now[q])
        mine = [e for e in events if e[0] == user and e[2] == BUY]
        before = {e[1] for e in mine if e[3] * DAY_MS < now}
        soon = {e[1] for e in mine if now <= e[3] * DAY_MS < now + horizon * DAY_MS}
        got = found.target[found.indptr[q] : found.indptr[q + 1]].tolist()
        assert len(set(got)) == len(got)
        assert set(got) == soon - before
        assert past.time[start] == now
        assert start == past.indptr[user] or past.time[start - 1] < now
    baskets = {(e[0], e[3]) for e in events if e[2] == BUY}
    firsts = {
        (user, day)
        for user, day in baskets
        if {e[1] for e in events if e[0] == user and e[2] == BUY and day <= e[3] < day + horizon}
        - {e[1] for e in events if e[0] == user and e[2] == BUY and e[3] < day}
    }
    assert len(found) == len(firsts)


def test_a_history_keeps_its_newest_events_with_rank_and_age() -> None:
    past = histories([(0, 1, BUY, 0), (0, 2, VIEW, 2), (0, 3, BUY, 3), (1, 4, BUY, 1)])
    now = np.array([5 * DAY_MS, 5 * DAY_MS])
    batch = Past(past).batch(past.indptr[:-1], past.indptr[1:], now, limit=2)
    assert batch.offsets.tolist() == [0, 2]
    assert batch.product.tolist() == [2, 3, 4]
    assert batch.kind.tolist() == [VIEW, BUY, BUY]
    assert batch.rank.tolist() == [1, 0, 0]
    assert batch.days.tolist() == [3, 2, 4]


def test_of_repeated_purchases_only_the_newest_counts_and_only_once_it_is_known() -> None:
    past = histories([(0, 1, BUY, 0), (0, 2, BUY, 1), (0, 1, VIEW, 2), (0, 1, BUY, 3)], users=1)
    question, event, rank = Past(past).events(np.array([0, 0]), np.array([3, 4]))
    assert question.tolist() == [0, 0, 0, 1, 1, 1]
    assert event.tolist() == [0, 1, 2, 1, 2, 3]
    assert rank.tolist() == [2, 1, 0, 2, 1, 0]


def test_the_trend_at_a_moment_knows_only_what_was_sold_before() -> None:
    past = histories([(0, 1, BUY, 0), (1, 1, BUY, 1), (0, 2, BUY, 20)])
    trend = Trend(past, BUY, step_days=1)
    early, late = trend.at(np.array([10 * DAY_MS, 21 * DAY_MS])).tolist()
    assert trend.snapshots[early, 2].tolist() == [0, 0, 0]
    assert (trend.snapshots[late, 2] > 0).all()
    assert (trend.snapshots[early, 1] > trend.snapshots[late, 1]).all()
    assert trend.unsold(np.array([20 * DAY_MS])).tolist() == [[True, False, True, True, True, True]]


def test_without_times_there_is_no_trend_and_nothing_is_unsold() -> None:
    trend = Trend(histories([(0, 1, BUY, -1)]), BUY)
    assert trend.at(np.array([NO_TIME])).tolist() == [0]
    assert not trend.unsold(np.array([NO_TIME])).any()
    assert not trend.snapshots.any()


def test_what_is_hidden_of_a_set_is_asked_for_with_all_its_events(histories) -> None:
    rows = [[0, (0, "view"), 1, 2, (3, "view")], [4], [(5, "view"), 6]]
    train = histories(rows, 7)
    for seed in range(20):
        seen, questions = hide(train, BUY, 0.5, np.random.default_rng(seed))
        place, target = questions.answers(np.arange(len(questions)))
        asked = set(zip(questions.row[place].tolist(), target.tolist(), strict=True))
        left = set(zip(seen.row.tolist(), seen.product.tolist(), strict=True))
        assert not asked & left
        # Viewed alone is never an answer, and nobody is asked of whom nothing is left.
        assert asked <= {(0, 0), (0, 1), (0, 2), (2, 6)}
        assert {row for row, _ in asked} <= {row for row, _ in left}
        assert (questions.start == seen.indptr[questions.row + 1]).all()


def test_half_is_hidden_when_half_is_asked(histories) -> None:
    train = histories([list(range(1000))], 1000)
    seen, questions = hide(train, BUY, 0.3, np.random.default_rng(0))
    assert len(questions.target) == pytest.approx(300, abs=60)
    assert len(questions.target) + seen.num_events == 1000


def test_a_question_tells_which_products_its_history_holds() -> None:
    histories = Histories.from_events(
        np.array([0, 0, 0, 1, 1]),
        np.array([3, 1, 2, 0, 3]),
        np.array([BUY, VIEW, BUY, BUY, BUY]),
        np.arange(5),
        np.arange(5),
        2,
        4,
    )
    past = Past(histories)
    begin, end = np.array([0, 3]), np.array([3, 4])
    # User 0 bought 3 and 2 and only looked at 1; user 1 is asked before they bought 3.
    question, product = past.had(begin, end, BUY)
    assert list(zip(question.tolist(), product.tolist(), strict=True)) == [(0, 3), (0, 2), (1, 0)]
