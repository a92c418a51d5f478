"""Content-kNN: products whose text and attributes are like those of the history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np
import scipy.sparse as sp

from gnn.behaviour import Kinds
from gnn.histories import Histories, IntArray
from gnn.linear import History, dense, unit_rows, with_popularity
from gnn.recommender import Context, FloatArray, MissingInput


@dataclass(frozen=True)
class Settings:
    """``attribute_share`` of the likeness comes from attributes, the rest from text."""

    attribute_share: float = 0.0
    recency: float = 0.0
    kinds: Kinds = "target"

    def __post_init__(self) -> None:
        if not 0 <= self.attribute_share <= 1:
            raise ValueError(f"attribute_share must lie in 0..1 (got {self.attribute_share})")
        if self.recency < 0:
            raise ValueError(f"recency must not be negative (got {self.recency})")


AXES = {
    "kinds": get_args(Kinds),
    "recency": (0.0, 0.5, 1.0),
    "attribute_share": (0.0, 0.25, 0.5),
}


@dataclass(frozen=True)
class ContentRecommender:
    """Cosine of every product to the weighted mean of the history's products.

    Shapes:
        features: (products, features) rows of unit length or zero, one block a kind of content
        shares: one weight a block
        popularity: (products,)
    """

    history: History
    features: tuple[sp.csr_array | FloatArray, ...]
    shares: tuple[float, ...]
    popularity: FloatArray

    def score(self, queries: Histories, now: IntArray | None) -> FloatArray:
        """Score every product for every query."""
        asked = self.history.matrix(queries)
        scores = np.zeros((len(queries), len(self.popularity)), np.float32)
        for features, share in zip(self.features, self.shares, strict=True):
            scores += share * _likeness(asked, features)
        return with_popularity(scores, self.popularity)


def fit(train: Histories, settings: Settings, context: Context) -> ContentRecommender:
    """Scale each product's text vector and rare-first attributes to unit length.

    Where one of the two is missing the other counts alone.

    Raises:
        MissingInput: products have neither.
    """
    blocks: list[tuple[sp.csr_array | FloatArray, float]] = []
    if context.text_vectors is not None:
        blocks.append((unit_rows(context.text_vectors), 1 - settings.attribute_share))
    if context.attributes is not None:
        blocks.append((unit_rows(_rare_first(context.attributes)), settings.attribute_share))
    if not blocks:
        raise MissingInput("content-knn needs text vectors or attributes of products")
    if len(blocks) == 1:
        blocks = [(blocks[0][0], 1.0)]
    history = History(settings.kinds, context.target_kind, settings.recency)
    features, shares = zip(*[block for block in blocks if block[1] > 0], strict=True)
    return ContentRecommender(history, features, shares, history.popularity(train))


def _rare_first(attributes: sp.csr_array) -> sp.csr_array:
    """Weigh each attribute by ln(products / products that have it)."""
    having = np.maximum(np.diff(attributes.tocsc().indptr), 1)
    weights = np.log(attributes.shape[0] / having).astype(np.float32)
    return sp.csr_array(attributes @ sp.diags_array(weights))


def _likeness(asked: sp.csr_array, features: sp.csr_array | FloatArray) -> FloatArray:
    """Cosine of each row's weighted mean of unit ``features`` with each of them."""
    if isinstance(features, np.ndarray):
        return unit_rows(np.asarray(asked @ features)) @ features.T
    return dense(unit_rows(sp.csr_array(asked @ features)) @ features.T)
