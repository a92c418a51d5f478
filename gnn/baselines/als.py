"""ALS: implicit matrix factorisation by alternating least squares (Hu et al., 2008)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

from gnn.behaviour import Kinds
from gnn.histories import Histories, IntArray
from gnn.linear import History, with_popularity
from gnn.recommender import Context, FloatArray, MissingInput

TRAINS = True


@dataclass(frozen=True)
class Settings:
    """``confidence`` is what one event of full weight adds to a pair's weight of one."""

    factors: int = 128
    confidence: float = 10.0
    regularization: float = 0.1
    iterations: int = 15
    recency: float = 0.0
    kinds: Kinds = "target"

    def __post_init__(self) -> None:
        if self.factors < 1 or self.iterations < 1:
            raise ValueError(f"factors and iterations must be at least 1 (got {self})")
        if min(self.confidence, self.regularization, self.recency) < 0:
            raise ValueError(f"weights must not be negative (got {self})")


AXES = {
    "kinds": get_args(Kinds),
    "confidence": (1.0, 10.0, 40.0),
    "regularization": (0.01, 0.1, 1.0),
    "factors": (64, 128, 256),
    "recency": (0.0, 0.25),
}


@dataclass(frozen=True)
class FactorRecommender:
    """A user's factors are solved for from the history, as in training."""

    history: History
    model: Any
    popularity: FloatArray

    def score(self, queries: Histories, now: IntArray | None) -> FloatArray:
        """Score every product for every query."""
        asked = sp.csr_matrix(self.history.matrix(queries))
        # Its own threads go over users; more within each small solve only wait for each other.
        with threadpool_limits(1, "blas"):
            users = self.model.recalculate_user(np.arange(len(queries)), asked)
        scores: FloatArray = np.asarray(users @ self.model.item_factors.T, np.float32)
        return with_popularity(scores, self.popularity)


def fit(train: Histories, settings: Settings, context: Context) -> FactorRecommender:
    """Factorise the interactions with ``implicit``.

    Raises:
        MissingInput: the library is not installed.
    """
    try:
        from implicit.cpu.als import AlternatingLeastSquares
    except ImportError as error:
        raise MissingInput("als needs the package implicit") from error
    history = History(settings.kinds, context.target_kind, settings.recency)
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=settings.factors,
            alpha=settings.confidence,
            regularization=settings.regularization,
            iterations=settings.iterations,
            random_state=context.seed,
        )
        bought = History(settings.kinds, context.target_kind).matrix(train)
        model.fit(sp.csr_matrix(bought), show_progress=False)
    return FactorRecommender(history, model, history.popularity(train))
