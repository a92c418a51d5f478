"""What every model is to its callers: scores for histories, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from gnn.histories import Histories, IntArray
from kg.records import KINDS

FloatArray = npt.NDArray[np.float32]


class Recommender(Protocol):
    """A fitted model: a user is what they did, so scores come from histories alone."""

    def score(self, queries: Histories, now: IntArray | None) -> FloatArray:
        """Score every product for every query; a pure function of each query's own row.

        Shapes:
            queries: any rows, known to the training or not; an empty row is answered too
            now: (rows,) int64, milliseconds since 1970 UTC when asked, or None
            returned: (rows, products) float32, finite, fresh: the caller may write into it
        """
        ...


class MissingInput(ValueError):
    """A model needs something that the data does not have; nothing else is wrong."""


@dataclass(frozen=True)
class Context:
    """What is known of the products and of the task besides behaviour.

    Shapes:
        text_vectors: (products, dim) float32; a row of zeros where a product has no text
        attributes: (products, attributes), 1 where a product has one
    """

    text_vectors: FloatArray | None = None
    attributes: sp.csr_array | None = None
    target_kind: int = KINDS.index("purchase")
    seed: int = 0


class Baseline(Protocol):
    """A module of ``gnn.baselines``: the settings worth trying, and how to fit one of them."""

    GRID: Sequence[Any]

    def fit(self, train: Histories, settings: Any, context: Context) -> Recommender:
        """Fit on ``train`` alone.

        Raises:
            MissingInput: the model cannot be built from this data at all.
        """
        ...
