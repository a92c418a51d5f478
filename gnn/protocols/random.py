"""Random hold-out, for events whose order says nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gnn.histories import Histories, IntArray
from gnn.protocols.task import PURCHASE, Split, Task, make_split, targets_of


def split(events: Histories, target_kind: int = PURCHASE, seed: int = 0) -> Split:
    """Hold out max(1, n // 5) of each user's n ≥ 2 products of ``target_kind``.

    Every event of a held-out pair is taken out, of whatever kind. Validation is held out of the
    rest in the same way, and returned to it when the test is asked.

    Raises:
        ValueError: no user has two products of the kind.
    """
    rng = np.random.default_rng(seed)
    test = hold_out(events, target_kind, rng)
    valid = hold_out(test.train, target_kind, rng)
    return make_split("random", valid, test, ordered=False)


def hold_out(events: Histories, target_kind: int, rng: np.random.Generator) -> Task:
    """One task of randomly held-out pairs; users with a single product are not asked."""
    width = events.num_products
    key = events.row * width + events.product
    pairs = np.unique(key[events.kind == target_kind])
    row = pairs // width
    held = pairs[_first_fifth(row, rng.random(len(pairs)), len(events))]
    return without_pairs(events, held, target_kind)


def without_pairs(events: Histories, held: IntArray, target_kind: int) -> Task:
    """The task of finding pairs, each taken out with all its events; who has nothing left is not
    asked.

    Shapes:
        held: (pairs,) int64, row · products + product, each once
    """
    width = events.num_products
    train = events.keep(~np.isin(events.row * width + events.product, held))
    targets = targets_of(held, len(events), width)
    asked = np.flatnonzero((np.diff(targets.indptr) > 0) & (train.lengths > 0)).astype(np.int64)
    return Task(
        train=train,
        queries=train.take(asked),
        query_user=asked,
        now=None,
        targets=targets[asked],
        masked=train.keep(train.kind == target_kind).take(asked).matrix(),
        candidates=np.ones(width, bool),
    )


def _first_fifth(
    row: npt.NDArray[np.int64], draw: npt.NDArray[np.float64], num_rows: int
) -> npt.NDArray[np.int64]:
    """Where the max(1, n // 5) smallest draws of each row of n ≥ 2 are; ``row`` is sorted."""
    order = np.lexsort((draw, row))
    counts = np.bincount(row, minlength=num_rows)
    starts = np.cumsum(counts) - counts
    quota = np.where(counts >= 2, np.maximum(1, counts // 5), 0)
    return order[np.arange(len(row)) - starts[row] < quota[row]]
