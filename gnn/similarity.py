"""How alike rows of a matrix are, as the field defines it: cosine, Jaccard, Pearson."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import scipy.sparse as sp

from gnn.linear import dense, strongest_rows
from gnn.recommender import FloatArray

#: Of weighted rows, Jaccard is Tanimoto's a·b / (|a|² + |b|² - a·b); of ones, the same.
Similarity = Literal["cosine", "jaccard", "pearson"]


def check_similarity(name: str) -> None:
    """Refuse what is none.

    Raises:
        ValueError: naming it.
    """
    if name not in get_args(Similarity):
        raise ValueError(f"similarity must be one of {get_args(Similarity)} (got {name!r})")


def similarities(left: sp.csr_array, right: sp.csr_array, kind: Similarity) -> FloatArray:
    """Every row of ``left`` with every row of ``right``; a row that is constant is like nothing.

    Shapes:
        left: (a, n); right: (b, n); returned: (a, b) float32
    """
    dot = dense(left @ right.T)
    own, other = _squares(left)[:, None], _squares(right)[None, :]
    if kind == "jaccard":
        return _divided(dot, own + other - dot)
    if kind == "pearson":
        width = left.shape[1]
        a, b = _sums(left)[:, None], _sums(right)[None, :]
        dot -= a * b / width
        own -= a**2 / width
        other -= b**2 / width
    # Two factors of their own, so that rounding to below zero costs a row and no more.
    return _divided(dot, np.sqrt(np.maximum(own, 0)) * np.sqrt(np.maximum(other, 0)))


def nearest_products(
    bought: sp.csr_array, kind: Similarity, keep: int, block: int = 512
) -> sp.csr_array:
    """Each product's ``keep`` nearest by the likeness of their columns, itself apart.

    Shapes:
        bought: (users, products); returned: (products, products)
    """
    columns = sp.csr_array(bought.T)
    starts = range(0, columns.shape[0], block)
    return strongest_rows(
        (similarities(columns[start : start + block], columns, kind) for start in starts), keep
    )


def _squares(rows: sp.csr_array) -> FloatArray:
    return np.asarray(rows.multiply(rows).sum(axis=1), np.float32)


def _sums(rows: sp.csr_array) -> FloatArray:
    return np.asarray(rows.sum(axis=1), np.float32)


def _divided(above: FloatArray, below: FloatArray) -> FloatArray:
    """``above / below``, 0 where there is next to nothing to divide by."""
    enough = below > 1e-6
    return np.divide(above, below, out=np.zeros_like(above), where=enough)
