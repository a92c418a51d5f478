"""Forward in time: what known users buy after a cutoff and had not bought before."""

from __future__ import annotations

import numpy as np

from gnn.histories import Histories
from gnn.protocols.task import PURCHASE, RETURN, Split, Task, make_split
from kg.records import NO_TIME

DAY_MS = 86_400_000


def split(
    events: Histories, cutoff_ms: int, target_kind: int = PURCHASE, validation_days: float = 28.0
) -> Split:
    """Ask at ``cutoff_ms`` for what comes after it; validation asks ``validation_days`` earlier.

    Each task is fitted on everything before its cutoff (an event at the cutoff comes after it).
    Asked are users who did something before it; a return alone does not make a user known.
    Targets and candidates are products somebody bought before it; what the user bought before
    it is masked. Returns are never targets, and what was returned still counts as bought.

    Raises:
        ValueError: an event has no time, or nothing is left to predict.
    """
    if (events.time == NO_TIME).any():
        raise ValueError("the forward protocol needs a time for every event")
    valid_ms = cutoff_ms - round(validation_days * DAY_MS)
    return make_split(
        "forward",
        task_at(events.keep(events.time < cutoff_ms), valid_ms, target_kind),
        task_at(events, cutoff_ms, target_kind),
    )


def task_at(events: Histories, cutoff_ms: int, target_kind: int = PURCHASE) -> Task:
    """Split all events at one moment: before it known, after it to be predicted."""
    before = events.time < cutoff_ms
    of_kind = events.kind == target_kind
    train = events.keep(before)
    bought = events.keep(before & of_kind)
    candidates = np.zeros(events.num_products, bool)
    candidates[bought.product] = True
    known = np.zeros(len(events), bool)
    known[events.row[before & (events.kind != RETURN)]] = True

    owned = bought.matrix()
    wanted = events.keep(~before & of_kind & candidates[events.product] & known[events.row])
    targets = wanted.matrix()
    targets = (targets - targets * owned).tocsr()
    targets.eliminate_zeros()
    asked = np.flatnonzero(np.diff(targets.indptr)).astype(np.int64)
    return Task(
        train=train,
        queries=train.take(asked),
        query_user=asked,
        now=np.full(len(asked), cutoff_ms, np.int64),
        targets=targets[asked],
        masked=owned[asked],
        candidates=candidates,
    )
