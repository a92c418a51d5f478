"""EASE: the best linear product–product weights without self-weights (Steck, 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np
import scipy.sparse as sp
import torch

from gnn.behaviour import Kinds
from gnn.histories import Histories, IntArray
from gnn.linear import History, with_popularity
from gnn.recommender import Context, FloatArray

#: The closed form inverts a dense matrix: 0.6 GiB and 20 s of one core at this many products,
#: growing with the square and the cube. Beyond it, only the most popular products take part.
MAX_PRODUCTS = 12_500


@dataclass(frozen=True)
class Settings:
    """The ridge penalty, and how a history asks."""

    penalty: float = 300.0
    recency: float = 0.0
    kinds: Kinds = "target"

    def __post_init__(self) -> None:
        if self.penalty <= 0:
            raise ValueError(f"penalty must be positive (got {self.penalty})")
        if self.recency < 0:
            raise ValueError(f"recency must not be negative (got {self.recency})")


AXES = {
    "kinds": get_args(Kinds),
    "penalty": (20.0, 100.0, 300.0, 1000.0),
    "recency": (0.0, 0.2, 0.5),
}


@dataclass(frozen=True)
class EaseRecommender:
    """Scores are history @ weights over the products that take part, popularity for the rest.

    Shapes:
        products: (parts,) int64, the products that take part, ascending
        weights: (parts, parts), 0 on the diagonal
        popularity: (products,)
    """

    history: History
    products: IntArray
    weights: FloatArray
    popularity: FloatArray

    def score(self, queries: Histories, now: IntArray | None) -> FloatArray:
        """Score every product for every query."""
        known = self.history.matrix(queries)[:, self.products]
        scores = np.zeros((len(queries), len(self.popularity)), np.float32)
        scores[:, self.products] = known @ self.weights
        return with_popularity(scores, self.popularity)


def fit(
    train: Histories, settings: Settings, context: Context, max_products: int = MAX_PRODUCTS
) -> EaseRecommender:
    """Solve for the weights of the ``max_products`` most popular products, or of all."""
    history = History(settings.kinds, context.target_kind, settings.recency)
    bought = History(settings.kinds, context.target_kind).matrix(train)
    popularity = history.popularity(train)
    products = np.sort(np.argsort(-popularity, kind="stable")[:max_products]).astype(np.int64)
    products = products[popularity[products] > 0]
    weights = ease_weights(sp.csr_array(bought[:, products]), settings.penalty)
    return EaseRecommender(history, products, weights, popularity)


def ease_weights(bought: sp.csr_array, penalty: float) -> FloatArray:
    """B = I - P · diag(1 / diag P) with P = (XᵀX + penalty · I)^-1.

    Shapes:
        bought: (users, products)
        returned: (products, products) float32, 0 on the diagonal
    """
    gram = (bought.T @ bought).toarray().astype(np.float32, copy=False)
    gram[np.diag_indices_from(gram)] += penalty
    factor = torch.linalg.cholesky(torch.from_numpy(gram))
    del gram
    inverse = torch.cholesky_inverse(factor)
    del factor
    # LAPACK answers by columns; the inverse is symmetric, so its transpose is it, by rows.
    weights: FloatArray = inverse.T.div_(-inverse.diagonal().clone()).contiguous().numpy()
    np.fill_diagonal(weights, 0)
    return weights
