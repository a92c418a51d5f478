"""Behaviour as numbers: which kinds of event count, how much, and how fast they fade."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal, get_args

import numpy as np
import scipy.sparse as sp

from gnn.histories import Histories, IntArray
from gnn.recommender import FloatArray
from kg.records import KINDS, NO_TIME

DAY_MS: Final = 86_400_000

#: "target": events of the kind to be predicted alone; "graded": every kind by ``KIND_WEIGHTS``;
#: "equal": every kind that counts there, each the same.
Kinds = Literal["target", "graded", "equal"]

#: What an event says for its product. A return says nothing that its purchase has not said.
KIND_WEIGHTS: Final[Mapping[str, float]] = {
    "view": 0.3,
    "click": 0.3,
    "cart": 0.6,
    "purchase": 1.0,
    "return": 0.0,
    "rate": 1.0,
}


def kind_weights(kinds: Kinds, target_kind: int) -> FloatArray:
    """The weight of each code of ``KINDS``; the target kind's is 1.

    Raises:
        ValueError: ``kinds`` is none of ``Kinds``.
    """
    graded = np.array([KIND_WEIGHTS[name] for name in KINDS], np.float32)
    if kinds == "target":
        weights = np.zeros_like(graded)
    elif kinds == "graded":
        weights = graded
    elif kinds == "equal":
        weights = (graded > 0).astype(np.float32)
    else:
        raise ValueError(f"kinds must be one of {get_args(Kinds)} (got {kinds!r})")
    weights[target_kind] = 1.0
    return weights


def positives(histories: Histories, kinds: Kinds, target_kind: int) -> Histories:
    """The same rows with only the events that count."""
    return histories.keep(kind_weights(kinds, target_kind)[histories.kind] > 0)


def ages(histories: Histories) -> IntArray:
    """How many events back each event is in its row, 1 for the newest: (events,) int64."""
    ends = np.repeat(histories.indptr[1:], histories.lengths)
    return ends - np.arange(histories.num_events, dtype=np.int64)


def user_matrix(
    histories: Histories, kinds: Kinds, target_kind: int, recency: float = 0.0
) -> sp.csr_array:
    """Rows × products: the strongest event of each pair, its kind's weight times age^-recency.

    The strongest, not the sum: it was better everywhere that products are bought repeatedly.
    """
    kept = positives(histories, kinds, target_kind)
    weights = kind_weights(kinds, target_kind)[kept.kind]
    if recency:
        weights = weights * (ages(kept) ** -float(recency)).astype(np.float32)
    row = kept.row
    order = np.lexsort((weights, kept.product, row))
    row, product = row[order], kept.product[order]
    last = np.ones(len(order), bool)
    last[:-1] = (row[1:] != row[:-1]) | (product[1:] != product[:-1])
    indptr = np.concatenate([[0], np.cumsum(np.bincount(row[last], minlength=len(kept)))])
    shape = (len(kept), kept.num_products)
    return sp.csr_array((weights[order][last], product[last], indptr), shape=shape)


def event_counts(histories: Histories, kinds: Kinds, target_kind: int) -> FloatArray:
    """Summed event weights of each product: (products,) float32."""
    weights = kind_weights(kinds, target_kind)[histories.kind]
    counts = np.bincount(histories.product, weights, minlength=histories.num_products)
    return counts.astype(np.float32)


def decayed_counts(
    histories: Histories, half_life_days: float, kinds: Kinds, target_kind: int
) -> FloatArray:
    """Summed event weights, half as much for every half-life before the newest: (products,).

    Events without a time count as if they were as old as the oldest; without any times nothing
    decays.
    """
    timed = histories.time != NO_TIME
    if not timed.any():
        return event_counts(histories, kinds, target_kind)
    time = np.where(timed, histories.time, histories.time[timed].min())
    days = (time.max() - time) / DAY_MS
    weights = kind_weights(kinds, target_kind)[histories.kind] * np.exp2(-days / half_life_days)
    counts = np.bincount(histories.product, weights, minlength=histories.num_products)
    return counts.astype(np.float32)
