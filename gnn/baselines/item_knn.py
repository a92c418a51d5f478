"""Item-kNN: products that the same users bought, by cosine (Sarwar et al., 2001)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from gnn.behaviour import Kinds
from gnn.histories import Histories
from gnn.linear import History, LinearRecommender, cosine_neighbours, scale_rows
from gnn.recommender import Context


@dataclass(frozen=True)
class Settings:
    """What a neighbour is, and how a history asks for them.

    ``user_power`` divides a user by what they bought to that power before products are compared,
    so that those who buy everything say less; ``recency`` weighs events by age^-recency.
    """

    neighbours: int = 50
    user_power: float = 0.0
    recency: float = 0.0
    kinds: Kinds = "target"

    def __post_init__(self) -> None:
        if self.neighbours < 1:
            raise ValueError(f"neighbours must be at least 1 (got {self.neighbours})")
        if self.user_power < 0 or self.recency < 0:
            raise ValueError(f"powers must not be negative (got {self.user_power}, {self.recency})")


GRID = [
    Settings(neighbours, user_power, recency, kinds)
    for kinds in get_args(Kinds)
    for neighbours, user_power in ((20, 0.0), (20, 0.5), (100, 0.5))
    for recency in (0.0, 0.25)
]


def fit(train: Histories, settings: Settings, context: Context) -> LinearRecommender:
    """Keep each product's nearest by cosine of its (user-weighted) column."""
    asked = History(settings.kinds, context.target_kind, settings.recency)
    bought = History(settings.kinds, context.target_kind).matrix(train)
    if settings.user_power:
        bought = scale_rows(bought, -settings.user_power)
    near = cosine_neighbours(bought, settings.neighbours)
    return LinearRecommender(asked, near, asked.popularity(train))
