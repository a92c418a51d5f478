"""A run asked about a graph that has grown since."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gnn.histories import Histories, IntArray
from gnn.inference import VectorRecommender
from gnn.recommender import FloatArray


@dataclass(frozen=True)
class Grown:
    """A run's scores among all products of today; those it does not know come last."""

    recommender: VectorRecommender

    def score(self, queries: Histories, now: IntArray | None) -> FloatArray:
        """Score every product for every query, from the events with products it knows."""
        known = len(self.recommender.z)
        own = queries.keep(queries.product < known)
        scores = self.recommender.score(replace(own, num_products=known), now)
        rest = queries.num_products - known
        lowest = scores.min(axis=1, keepdims=True) - 1.0
        return np.concatenate([scores, np.repeat(lowest, rest, axis=1)], axis=1)
