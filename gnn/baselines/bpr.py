"""BPR: matrix factorisation that ranks what was bought above what was not (Rendle et al., 2009)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import get_args

import scipy.sparse as sp

from gnn.behaviour import Kinds
from gnn.histories import Histories, IntArray
from gnn.known import KnownUsers, user_vectors
from gnn.linear import History, scale_rows, with_popularity
from gnn.recommender import Context, FloatArray, MissingInput
from gnn.stopping import train_until_worse

TRAINS = True

#: Passes over all pairs between two looks at validation.
ROUND = 10


@dataclass(frozen=True)
class Settings:
    """At most so many ``rounds`` of ten passes over all pairs; fewer where validation says so."""

    factors: int = 128
    learning_rate: float = 0.05
    regularization: float = 0.01
    rounds: int = 30
    kinds: Kinds = "target"

    def __post_init__(self) -> None:
        if self.factors < 1 or self.rounds < 1:
            raise ValueError(f"factors and rounds must be at least 1 (got {self})")
        if self.learning_rate <= 0 or self.regularization < 0:
            raise ValueError(f"rates must not be negative (got {self})")


AXES = {
    "kinds": get_args(Kinds),
    "regularization": (0.003, 0.01, 0.03),
    "learning_rate": (0.02, 0.05),
}


@dataclass(frozen=True)
class FactorRecommender:
    """Known users have factors of their own; others the mean of those of their products."""

    history: History
    known: KnownUsers
    users: FloatArray
    items: FloatArray
    popularity: FloatArray
    settings: Settings

    def score(self, queries: Histories, now: IntArray | None) -> FloatArray:
        """Score every product for every query."""
        asked = self.history.matrix(queries)
        folded_in = scale_rows(asked, -1.0) @ self.items
        # A product's last factor is its bias, and a user's is 1.
        folded_in[:, -1] = 1
        users = user_vectors(self.known.rows(asked), self.users, folded_in)
        return with_popularity(users @ self.items.T, self.popularity)


def fit(train: Histories, settings: Settings, context: Context) -> FactorRecommender:
    """Train with ``implicit`` until validation gets worse.

    Raises:
        MissingInput: the library is not installed.
    """
    try:
        from implicit.cpu.bpr import BayesianPersonalizedRanking
    except ImportError as error:
        raise MissingInput("bpr needs the package implicit") from error
    history = History(settings.kinds, context.target_kind)
    bought = history.matrix(train)
    model = BayesianPersonalizedRanking(
        factors=settings.factors,
        learning_rate=settings.learning_rate,
        regularization=settings.regularization,
        iterations=ROUND,
        random_state=context.seed,
    )
    known, popularity = KnownUsers(bought), history.popularity(train)
    pairs = sp.csr_matrix(bought)
    best: dict[str, FloatArray] = {}

    def recommender() -> FactorRecommender:
        return FactorRecommender(
            history, known, model.user_factors, model.item_factors, popularity, settings
        )

    def keep() -> None:
        best.update(users=model.user_factors.copy(), items=model.item_factors.copy())

    def restore() -> None:
        model.user_factors, model.item_factors = best["users"], best["items"]

    rounds = train_until_worse(
        lambda: model.fit(pairs, show_progress=False),
        recommender,
        keep,
        restore,
        context,
        settings.rounds,
        patience=10,
    )
    return replace(recommender(), settings=replace(settings, rounds=rounds))
