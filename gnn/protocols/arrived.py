"""What came in since a run was trained: the newer half is asked of it and of its successor."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gnn.histories import Histories
from gnn.protocols.forward import DAY_MS, task_at
from gnn.protocols.random import without_pairs
from gnn.protocols.task import Task
from kg.records import NO_TIME

Mask = npt.NDArray[np.bool_]


def hold_out(
    events: Histories,
    arrived: Mask,
    target_kind: int,
    days: float,
    seen_until_ms: int | None = None,
    seed: int = 0,
) -> Task:
    """Hold out a part of what has arrived; whoever is asked, the run before has not seen it.

    With times, what comes after a moment is asked: the median of what arrived, but at most
    ``days`` before the newest event, and not before ``seen_until_ms``, the run's cutoff. Without,
    a random half of the arrived pairs of the target kind, each with all its events.

    Shapes:
        arrived: (events,) bool

    Raises:
        ValueError: nobody can be asked.
    """
    new = arrived & (events.kind == target_kind)
    if not new.any():
        raise ValueError(f"nothing of kind {target_kind} has arrived")
    if (events.time != NO_TIME).all():
        start = round(float(np.median(events.time[new])))
        start = max(start, int(events.time.max()) - round(days * DAY_MS))
        return _asked(task_at(events, max(start, seen_until_ms or start), target_kind))
    return _asked(_random_half(events, new, target_kind, np.random.default_rng(seed)))


def _random_half(events: Histories, new: Mask, target_kind: int, rng: np.random.Generator) -> Task:
    key = events.row * events.num_products + events.product
    # A pair that was there before is nothing to find.
    fresh = np.setdiff1d(key[new], key[(events.kind == target_kind) & ~new])
    held = fresh[rng.random(len(fresh)) < 0.5]
    return without_pairs(events, held, target_kind)


def _asked(task: Task) -> Task:
    if task.targets.nnz == 0:
        raise ValueError("nobody who can be asked did anything new")
    return task
