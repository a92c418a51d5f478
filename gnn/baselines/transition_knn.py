"""Transition-kNN: what comes shortly after what, counted over all users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np
import scipy.sparse as sp

from gnn.behaviour import Kinds, kind_weights, positives
from gnn.histories import Histories
from gnn.linear import History, LinearRecommender, scale_rows
from gnn.recommender import Context


@dataclass(frozen=True)
class Settings:
    """How far a transition reaches and how fast it and the history fade.

    ``backward`` is the weight of what came shortly *before*: 1 where order says nothing.
    """

    window: int = 10
    decay: float = 0.5
    recency: float = 1.0
    backward: float = 0.0
    kinds: Kinds = "target"

    def __post_init__(self) -> None:
        if self.window < 1:
            raise ValueError(f"window must be at least 1 (got {self.window})")
        if min(self.decay, self.recency, self.backward) < 0:
            raise ValueError(f"weights must not be negative (got {self})")


AXES = {
    "kinds": get_args(Kinds),
    "recency": (0.25, 0.5, 1.0),
    "backward": (0.0, 0.3, 1.0),
    "window": (3, 10, 30),
    "decay": (0.5, 1.0),
}


def fit(train: Histories, settings: Settings, context: Context) -> LinearRecommender:
    """Weigh products by T ← D^-½ T, D the row sums of T."""
    history = History(settings.kinds, context.target_kind, settings.recency)
    kept = positives(train, settings.kinds, context.target_kind)
    weights = kind_weights(settings.kinds, context.target_kind)
    counted = transitions(kept, settings.window, settings.decay, weights[kept.kind])
    if settings.backward:
        counted = sp.csr_array(counted + counted.T * np.float32(settings.backward))
    return LinearRecommender(history, scale_rows(counted, -0.5), history.popularity(train))


def transitions(
    histories: Histories, window: int, decay: float, weights: np.ndarray | None = None
) -> sp.csr_array:
    """T[i, j] = Σ over rows and positions p < q ≤ p + window, i at p and j at q, of (q - p)^-decay.

    With ``weights`` (events,), each term is multiplied by those of its two events.

    Shapes:
        returned: (products, products) float32
    """
    shape = (histories.num_products, histories.num_products)
    row, product = histories.row, histories.product
    total = sp.csr_array(shape, dtype=np.float32)
    for gap in range(1, min(window, int(histories.lengths.max(initial=0)) - 1) + 1):
        same = row[:-gap] == row[gap:]
        value = np.full(np.count_nonzero(same), gap**-decay, np.float32)
        if weights is not None:
            value *= weights[:-gap][same] * weights[gap:][same]
        pair = (product[:-gap][same], product[gap:][same])
        total = total + sp.csr_array((value, pair), shape=shape)
    return sp.csr_array(total)
