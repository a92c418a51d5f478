"""The most popular products, the same for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from gnn.behaviour import Kinds, event_counts, user_matrix
from gnn.histories import Histories, IntArray
from gnn.recommender import Context, FloatArray

Count = Literal["users", "events"]


@dataclass(frozen=True)
class Settings:
    """Whether a user counts once for a product, and which kinds of behaviour count."""

    count: Count = "users"
    kinds: Kinds = "target"

    def __post_init__(self) -> None:
        if self.count not in get_args(Count):
            raise ValueError(f"count must be one of {get_args(Count)} (got {self.count!r})")


AXES = {"kinds": get_args(Kinds), "count": get_args(Count)}


@dataclass(frozen=True)
class StaticRecommender:
    """One score a product, whoever asks."""

    product_scores: FloatArray

    def score(self, queries: Histories, now: IntArray | None) -> FloatArray:
        """Repeat the same scores for every query."""
        return np.tile(self.product_scores, (len(queries), 1))


def fit(train: Histories, settings: Settings, context: Context) -> StaticRecommender:
    """Count; products that as many users bought are told apart by their events."""
    events = event_counts(train, settings.kinds, context.target_kind)
    if settings.count == "events":
        return StaticRecommender(events)
    users = user_matrix(train, settings.kinds, context.target_kind).sum(axis=0)
    return StaticRecommender((users + events / (2 * events.max(initial=0) + 1)).astype(np.float32))
