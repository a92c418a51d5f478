"""GF-CF: collaborative filtering as a graph filter, without training (Shen et al., 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np
import scipy.sparse as sp

from gnn.behaviour import Kinds
from gnn.histories import Histories, IntArray
from gnn.linear import History, dense, scale_both, truncated_svd, with_popularity
from gnn.recommender import Context, FloatArray


@dataclass(frozen=True)
class Settings:
    """``alpha`` weighs the ideal low-pass filter of ``rank`` against the linear one."""

    alpha: float = 0.3
    rank: int = 256
    recency: float = 0.0
    kinds: Kinds = "target"

    def __post_init__(self) -> None:
        if self.alpha < 0 or self.recency < 0:
            raise ValueError(f"weights must not be negative (got {self.alpha}, {self.recency})")
        if self.rank < 1:
            raise ValueError(f"rank must be at least 1 (got {self.rank})")


AXES = {
    "kinds": get_args(Kinds),
    "rank": (64, 256),
    "alpha": (0.3, 1.0),
    "recency": (0.0, 0.25, 0.5),
}


@dataclass(frozen=True)
class FilterRecommender:
    """r (R̃ᵀR̃ + alpha · D^-½ V Vᵀ D^½) for a history r; R̃ is R scaled by both degrees to -½.

    Shapes:
        scaled: (users, products), R̃
        into, out: (products, rank), D^-½ V and alpha · D^½ V; 0 where a product is unknown
    """

    history: History
    scaled: sp.csr_array
    into: FloatArray
    out: FloatArray
    popularity: FloatArray

    def score(self, queries: Histories, now: IntArray | None) -> FloatArray:
        """Score every product for every query."""
        asked = self.history.matrix(queries)
        scores = dense((asked @ self.scaled.T) @ self.scaled)
        scores += (asked @ self.into) @ self.out.T
        return with_popularity(scores, self.popularity)


def fit(train: Histories, settings: Settings, context: Context) -> FilterRecommender:
    """Scale the interactions and find the smoothest directions over products."""
    history = History(settings.kinds, context.target_kind, settings.recency)
    bought = History(settings.kinds, context.target_kind).matrix(train)
    degree = bought.sum(axis=0).astype(np.float32)
    root = np.sqrt(degree)
    inverse = np.divide(1, root, out=np.zeros_like(root), where=root > 0)
    scaled = scale_both(bought)
    _, _, low_pass = truncated_svd(scaled, settings.rank, context.seed)
    return FilterRecommender(
        history,
        scaled,
        low_pass * inverse[:, None],
        settings.alpha * low_pass * root[:, None],
        history.popularity(train),
    )
