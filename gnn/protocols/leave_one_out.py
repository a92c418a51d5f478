"""Leave-one-out: the last event of each user is asked for, the one before it is validation."""

from __future__ import annotations

import numpy as np

from gnn.histories import Histories, IntArray
from gnn.protocols.task import PURCHASE, Split, Task, make_split, single_targets
from kg.records import NO_TIME


def split(events: Histories, target_kind: int = PURCHASE) -> Split:
    """Ask for each user's last event of ``target_kind`` given everything before it.

    Both tasks are fitted on all but each user's last two events of the kind (and what came
    after them); the second last is history when the last is asked. The products of the kind in
    the history are masked, so a repeated product cannot be found and counts as missed. A user
    with one event before the last is asked in the test only; one with none is never asked.

    Raises:
        ValueError: no user has enough events.
    """
    of_kind = np.flatnonzero(events.kind == target_kind)
    counts = np.bincount(events.row[of_kind], minlength=len(events))
    ends = np.cumsum(counts)
    last = _nth_last(of_kind, ends, counts, 1, events)
    second = _nth_last(of_kind, ends, counts, 2, events)
    # With a single event of the kind, that event is still one of the last two.
    train = _before(events, np.where(counts >= 2, second, last))
    return make_split(
        "leave-one-out",
        _task(events, train, second, counts >= 2, target_kind),
        _task(events, train, last, counts >= 1, target_kind),
    )


def _nth_last(
    of_kind: IntArray, ends: IntArray, counts: IntArray, n: int, e: Histories
) -> IntArray:
    """Where each row's n-th last event of the kind is; the row's end if it has fewer."""
    found = e.indptr[1:].copy()
    enough = counts >= n
    found[enough] = of_kind[ends[enough] - n]
    return found


def _before(events: Histories, limit: IntArray) -> Histories:
    return events.keep(np.arange(events.num_events) < limit[events.row])


def _task(
    events: Histories, train: Histories, at: IntArray, has_target: np.ndarray, target_kind: int
) -> Task:
    asked = np.flatnonzero(has_target & (at > events.indptr[:-1]))
    queries = _before(events, at).take(asked)
    at = at[asked]
    times = events.time[at]
    return Task(
        train=train,
        queries=queries,
        query_user=asked,
        now=None if (times == NO_TIME).any() else times,
        targets=single_targets(events.product[at], events.num_products),
        masked=queries.keep(queries.kind == target_kind).matrix(),
        candidates=np.ones(events.num_products, bool),
    )
