"""User-kNN: what the users most like this one bought (Herlocker et al., 1999)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import scipy.sparse as sp

from gnn.behaviour import Kinds
from gnn.histories import Histories, IntArray
from gnn.linear import History, dense, strongest_rows, with_popularity
from gnn.recommender import Context, FloatArray
from gnn.similarity import Similarity, check_similarity, similarities


@dataclass(frozen=True)
class Settings:
    """Who a neighbour is; ``recency`` weighs the asking history's events by age^-recency."""

    similarity: Similarity = "cosine"
    neighbours: int = 200
    recency: float = 0.0
    kinds: Kinds = "target"

    def __post_init__(self) -> None:
        check_similarity(self.similarity)
        if self.neighbours < 1:
            raise ValueError(f"neighbours must be at least 1 (got {self.neighbours})")
        if self.recency < 0:
            raise ValueError(f"recency must not be negative (got {self.recency})")


AXES = {
    "kinds": get_args(Kinds),
    "similarity": get_args(Similarity),
    "neighbours": (50, 200, 500),
    "recency": (0.0, 0.25, 0.5),
}


@dataclass(frozen=True)
class NeighbourRecommender:
    """Sums over the nearest users of their likeness times what they have.

    Shapes:
        bought: (users, products)
        popularity: (products,)
    """

    history: History
    bought: sp.csr_array
    similarity: Similarity
    neighbours: int
    popularity: FloatArray

    def score(self, queries: Histories, now: IntArray | None) -> FloatArray:
        """Score every product for every query."""
        alike = similarities(self.history.matrix(queries), self.bought, self.similarity)
        near = strongest_rows([alike], self.neighbours, skip_diagonal=False)
        return with_popularity(dense(near @ self.bought), self.popularity)


def fit(train: Histories, settings: Settings, context: Context) -> NeighbourRecommender:
    """Remember what every user has."""
    history = History(settings.kinds, context.target_kind, settings.recency)
    bought = History(settings.kinds, context.target_kind).matrix(train)
    return NeighbourRecommender(
        history, bought, settings.similarity, settings.neighbours, history.popularity(train)
    )
