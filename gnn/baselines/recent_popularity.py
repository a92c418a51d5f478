"""The most popular products of late; plain popularity where times are unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np

from gnn.baselines.popularity import StaticRecommender
from gnn.behaviour import Kinds, event_counts, kind_weights
from gnn.histories import Histories
from gnn.recommender import Context
from kg.records import NO_TIME

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Settings:
    """An event counts half after every ``half_life_days`` before the newest event."""

    half_life_days: float = 14.0
    kinds: Kinds = "target"

    def __post_init__(self) -> None:
        if self.half_life_days <= 0:
            raise ValueError(f"half_life_days must be positive (got {self.half_life_days})")


AXES = {"kinds": get_args(Kinds), "half_life_days": (3.0, 7.0, 14.0, 30.0, 90.0)}


def fit(train: Histories, settings: Settings, context: Context) -> StaticRecommender:
    """Count with decay; events without a time count as if they were as old as the oldest."""
    weights = kind_weights(settings.kinds, context.target_kind)[train.kind]
    timed = train.time != NO_TIME
    if not timed.any():
        return StaticRecommender(event_counts(train, settings.kinds, context.target_kind))
    time = np.where(timed, train.time, train.time[timed].min())
    days = (time.max() - time) / DAY_MS
    decayed = weights * np.exp2(-days / settings.half_life_days)
    counts = np.bincount(train.product, decayed, minlength=train.num_products)
    return StaticRecommender(counts.astype(np.float32))
