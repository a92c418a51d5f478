"""What every model is to its callers: scores for histories, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from gnn.histories import Histories, IntArray
from gnn.protocols.task import Task
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

    ``texts`` are the products' own, empty where one has none. ``held_out`` is there while settings
    are chosen: the validation rows, for models that stop training when these get worse.
    ``train_seconds`` is what one training may take.

    Shapes:
        text_vectors: (products, dim) float32; a row of zeros where a product has no text
        attributes: (products, attributes), 1 where a product has one
    """

    text_vectors: FloatArray | None = None
    attributes: sp.csr_array | None = None
    texts: Sequence[str] | None = None
    target_kind: int = KINDS.index("purchase")
    seed: int = 0
    held_out: Task | None = None
    train_seconds: float = 300.0


class Baseline(Protocol):
    """A module of ``gnn.baselines``, or a class of one's own: settings, and how to fit them.

    ``Settings()`` are where the search begins, ``AXES`` the values worth trying of each, one
    setting after another in their order; the first of equals wins.
    """

    Settings: Callable[[], Any]
    AXES: Mapping[str, Sequence[Any]]

    def fit(self, train: Histories, settings: Any, context: Context) -> Recommender:
        """Fit on ``train`` alone.

        Raises:
            MissingInput: the model cannot be built from this data at all.
        """
        ...
