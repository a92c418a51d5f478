"""What came in since a run, held out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from gnn.histories import Histories
from gnn.protocols.arrived import hold_out
from gnn.protocols.forward import DAY_MS
from kg.records import KINDS, NO_TIME

BUY, VIEW = KINDS.index("purchase"), KINDS.index("view")


def events(rows: list[tuple[int, int, int, int]]) -> Histories:
    """(user, product, kind, day) of three users and four products."""
    user, product, kind, day = (np.array(column) for column in zip(*rows, strict=True))
    time = np.where(day < 0, NO_TIME, day * DAY_MS)
    return Histories.from_events(user, product, kind, time, np.arange(len(user)), 3, 4)


#: Users 0 and 1 knew each other's first products; from day 10 on it is new.
SHOP = [(0, 0, BUY, 1), (1, 1, BUY, 2), (0, 2, BUY, 3), (1, 2, BUY, 10), (0, 3, VIEW, 11),
        (0, 1, BUY, 12), (1, 0, BUY, 13)]  # fmt: skip


def test_the_newer_half_of_what_arrived_is_asked() -> None:
    past = events(SHOP)
    task = hold_out(past, past.time >= 10 * DAY_MS, BUY, days=14)
    # Purchases of days 10, 12 and 13 arrived: the median is day 12.
    assert task.now is not None
    assert task.now.tolist() == [12 * DAY_MS, 12 * DAY_MS]
    assert task.targets.toarray().tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]
    assert task.train.num_events == 5


def test_nothing_older_than_the_days_or_the_cutoff_is_asked() -> None:
    past = events(SHOP)
    arrived = past.time >= 10 * DAY_MS
    task = hold_out(past, arrived, BUY, days=0.5)
    assert task.targets.toarray().tolist() == [[1, 0, 0, 0]]
    # Events that came late lie before the cutoff: they are trained on, and not asked.
    late = arrived | (past.time <= 3 * DAY_MS)
    task = hold_out(past, late, BUY, days=30, seen_until_ms=13 * DAY_MS)
    assert task.now is not None
    assert task.now.tolist() == [13 * DAY_MS]


def test_without_times_half_of_the_new_pairs_are_asked_with_all_their_events() -> None:
    rows = [(user, product, BUY, -1) for user in range(3) for product in range(4)]
    rows.append((0, 3, VIEW, -1))
    past = events(rows)
    arrived = (past.product >= 2) & (past.kind == BUY)
    task = hold_out(past, arrived, BUY, days=1)
    held = {(int(task.query_user[r]), int(p)) for r, p in zip(*task.targets.nonzero(), strict=True)}
    assert 0 < len(held) < 6
    assert all(product >= 2 for _, product in held)
    left = set(zip(task.train.row.tolist(), task.train.product.tolist(), strict=True))
    assert left == {(user, product) for user in range(3) for product in range(4)} - held
    assert (task.masked.toarray() * task.targets.toarray()).sum() == 0


def test_what_was_there_before_is_nothing_to_find() -> None:
    past = events([(0, 0, BUY, -1), (0, 0, BUY, -1), (1, 1, BUY, -1)])
    with pytest.raises(ValueError, match="nobody"):
        hold_out(past, np.array([False, True, False]), BUY, days=1)


def test_where_nothing_arrived_nothing_is_asked() -> None:
    past = events(SHOP)
    with pytest.raises(ValueError, match="nothing"):
        hold_out(past, past.kind == VIEW, BUY, days=14)
