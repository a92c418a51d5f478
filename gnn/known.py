"""Which user of the training a history belongs to, for models that learn a vector a user."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from gnn.histories import IntArray
from gnn.recommender import FloatArray


class KnownUsers:
    """Users by what they have: whoever comes with just the same products is that user.

    So a score stays a function of the history alone, and users that a model was trained with keep
    the vectors it learned for them. Of several users with the same products the first is taken.
    """

    def __init__(self, bought: sp.csr_array) -> None:
        keys = _keys(bought)
        self._rows = {key: row for row, key in reversed(list(enumerate(keys))) if key}

    def rows(self, asked: sp.csr_array) -> IntArray:
        """Each row's user of the training, or -1: (rows,) int64."""
        found = (self._rows.get(key, -1) if key else -1 for key in _keys(asked))
        return np.fromiter(found, np.int64, asked.shape[0])


def user_vectors(known: IntArray, learned: FloatArray, folded_in: FloatArray) -> FloatArray:
    """The learned vector of every known user, else the one made of the history.

    Shapes:
        known: (rows,); learned: (users, dim); folded_in and returned: (rows, dim)
    """
    vectors: FloatArray = np.where(known[:, None] >= 0, learned[known], folded_in)
    return vectors


def _keys(bought: sp.csr_array) -> list[bytes]:
    products = bought.indices.astype(np.int32)
    bounds = zip(bought.indptr[:-1], bought.indptr[1:], strict=True)
    return [np.sort(products[start:end]).tobytes() for start, end in bounds]
