"""Item-kNN: products that the same users bought (Sarwar et al., 2001)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from gnn.behaviour import Kinds
from gnn.histories import Histories
from gnn.linear import History, LinearRecommender, cosine_neighbours, scale_rows
from gnn.recommender import Context
from gnn.similarity import Similarity, check_similarity, nearest_products


@dataclass(frozen=True)
class Settings:
    """What a neighbour is, and how a history asks for them.

    ``user_power`` divides a user by what they bought to that power before products are compared,
    so that those who buy everything say less; ``recency`` weighs events by age^-recency.
    """

    similarity: Similarity = "cosine"
    neighbours: int = 100
    user_power: float = 0.5
    recency: float = 0.0
    kinds: Kinds = "target"

    def __post_init__(self) -> None:
        check_similarity(self.similarity)
        if self.neighbours < 1:
            raise ValueError(f"neighbours must be at least 1 (got {self.neighbours})")
        if self.user_power < 0 or self.recency < 0:
            raise ValueError(f"powers must not be negative (got {self.user_power}, {self.recency})")


AXES = {
    "kinds": get_args(Kinds),
    "user_power": (0.0, 0.5),
    "similarity": get_args(Similarity),
    "neighbours": (20, 100, 300),
    "recency": (0.0, 0.25, 0.5),
}


def fit(train: Histories, settings: Settings, context: Context) -> LinearRecommender:
    """Keep each product's nearest by its (user-weighted) column."""
    asked = History(settings.kinds, context.target_kind, settings.recency)
    bought = History(settings.kinds, context.target_kind).matrix(train)
    if settings.user_power:
        bought = scale_rows(bought, -settings.user_power)
    if settings.similarity == "cosine":
        near = cosine_neighbours(bought, settings.neighbours)
    else:
        near = nearest_products(bought, settings.similarity, settings.neighbours)
    return LinearRecommender(asked, near, asked.popularity(train))
