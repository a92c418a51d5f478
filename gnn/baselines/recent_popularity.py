"""The most popular products of late; plain popularity where times are unknown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from gnn.baselines.popularity import StaticRecommender
from gnn.behaviour import Kinds, decayed_counts
from gnn.histories import Histories
from gnn.recommender import Context


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
    """Count with decay."""
    counts = decayed_counts(train, settings.half_life_days, settings.kinds, context.target_kind)
    return StaticRecommender(counts)
