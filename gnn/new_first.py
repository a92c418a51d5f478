"""What a history already holds comes after everything that is new."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gnn.histories import Histories, IntArray
from gnn.recommender import FloatArray, Recommender


@dataclass(frozen=True)
class NewFirst:
    """A recommender's scores, with the products of each history below all the others.

    Both groups keep their order. Where a protocol masks nothing, most models put what they were
    asked with first, and few users come back for just that.
    """

    recommender: Recommender

    def score(self, queries: Histories, now: IntArray | None) -> FloatArray:
        """Score every product for every query."""
        scores = self.recommender.score(queries, now)
        row, product = queries.row, queries.product
        first = np.unique(row * queries.num_products + product)
        row, product = np.divmod(first, queries.num_products)
        depth = scores.max(axis=1) - scores.min(axis=1) + 1
        scores[row, product] -= depth[row]
        return scores
