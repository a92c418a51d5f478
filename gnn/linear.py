"""Recommenders that are one product–product matrix, and the sparse algebra they share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, overload

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch

from gnn.behaviour import Kinds, event_counts, user_matrix
from gnn.histories import Histories, IntArray
from gnn.recommender import FloatArray

#: From this share of entries on, a matrix is searched faster as a dense one.
DENSE_SHARE = 0.05

#: Popularity's share of a score: orders what a model cannot tell apart, and moves little else.
POPULARITY_SHARE = 1e-4


@dataclass(frozen=True)
class History:
    """How a linear model reads a history: kinds that count, and how fast events fade."""

    kinds: Kinds
    target_kind: int
    recency: float = 0.0

    def matrix(self, histories: Histories) -> sp.csr_array:
        """Rows × products, see ``user_matrix``."""
        return user_matrix(histories, self.kinds, self.target_kind, self.recency)

    def popularity(self, histories: Histories) -> FloatArray:
        """Summed event weights of each product: (products,)."""
        return event_counts(histories, self.kinds, self.target_kind)


@dataclass(frozen=True)
class LinearRecommender:
    """Scores are history @ weights; a history that says nothing is answered by popularity.

    Shapes:
        weights: (products, products), what a product in the history says for each other
        popularity: (products,)
    """

    history: History
    weights: sp.csr_array | FloatArray
    popularity: FloatArray

    def score(self, queries: Histories, now: IntArray | None) -> FloatArray:
        """Score every product for every query."""
        return with_popularity(dense(self.history.matrix(queries) @ self.weights), self.popularity)


class Sparse(Protocol):
    """Any of SciPy's sparse matrices."""

    def toarray(self) -> npt.NDArray[Any]:
        """The same values, dense."""
        ...


def dense(scores: Sparse | npt.NDArray[Any]) -> FloatArray:
    """The same values as a dense float32 array of its own."""
    values = scores if isinstance(scores, np.ndarray) else scores.toarray()
    return np.ascontiguousarray(values, dtype=np.float32)


def with_popularity(scores: FloatArray, popularity: FloatArray) -> FloatArray:
    """Scale each row's largest score to 1 and add a trace of popularity, in place."""
    largest = np.maximum(scores.max(axis=1), -scores.min(axis=1))
    scores *= (1 / np.where(largest > 0, largest, 1)).astype(np.float32)[:, None]
    trace = POPULARITY_SHARE / max(float(popularity.max(initial=0)), 1e-12)
    scores += (popularity * trace).astype(np.float32)
    return scores


def strongest(
    left: sp.csr_array,
    right: sp.csr_array,
    keep: int,
    block: int = 1024,
    skip_diagonal: bool = True,
) -> sp.csr_array:
    """The ``keep`` largest positive entries of each row of ``left @ right``, diagonal apart.

    In blocks of rows, since the whole product can be far larger than what is kept of it.
    """
    starts = range(0, left.shape[0], block)
    blocks = (left[start : start + block] @ right for start in starts)
    return strongest_rows(blocks, keep, skip_diagonal)


@overload
def unit_rows(matrix: FloatArray) -> FloatArray: ...


@overload
def unit_rows(matrix: sp.csr_array) -> sp.csr_array: ...


def unit_rows(matrix: FloatArray | sp.csr_array) -> FloatArray | sp.csr_array:
    """Each row scaled to unit length; rows of zeros stay."""
    if isinstance(matrix, np.ndarray):
        length = np.linalg.norm(matrix, axis=1, keepdims=True)
        return (matrix / np.where(length > 0, length, 1)).astype(np.float32)
    length = np.sqrt(matrix.multiply(matrix).sum(axis=1))
    return sp.csr_array(sp.diags_array(1 / np.where(length > 0, length, 1)) @ matrix)


def cosine_neighbours(bought: sp.csr_array, keep: int) -> sp.csr_array:
    """Each product's ``keep`` nearest by the cosine of their columns.

    Shapes:
        bought: (users, products); returned: (products, products)
    """
    unit = sp.csr_array(unit_rows(sp.csr_array(bought.T)).astype(np.float32))
    return strongest(unit, sp.csr_array(unit.T), keep)


def strongest_entries(
    matrix: sp.csr_array, keep: int, block: int = 1024, skip_diagonal: bool = True
) -> sp.csr_array:
    """The ``keep`` largest positive entries of each row of a square matrix."""
    starts = range(0, matrix.shape[0], block)
    blocks = (matrix[start : start + block] for start in starts)
    return strongest_rows(blocks, keep, skip_diagonal)


def strongest_rows(
    blocks: Iterable[FloatArray | sp.csr_array], keep: int, skip_diagonal: bool = True
) -> sp.csr_array:
    """The ``keep`` largest positive entries of each row of blocks of rows, diagonal apart."""
    parts = []
    start = 0
    for rows in blocks:
        parts.append(_strongest_of_block(rows, start if skip_diagonal else None, keep))
        start += rows.shape[0]
    return sp.csr_array(sp.vstack(parts, format="csr"))


def _strongest_of_block(
    rows: FloatArray | sp.csr_array, start: int | None, keep: int
) -> sp.csr_array:
    """The strongest of rows; with ``start``, the first is that row of a square matrix."""
    if isinstance(rows, np.ndarray) or rows.nnz > DENSE_SHARE * rows.shape[0] * rows.shape[1]:
        return _strongest_of_dense(dense(rows), start, keep)
    lengths = np.diff(rows.indptr)
    chosen = rows.data > 0
    if start is not None:
        chosen &= np.repeat(np.arange(len(lengths)), lengths) + start != rows.indices
    values = np.where(chosen, rows.data, 0)
    # A row at a time: sorting all of them at once took ten times as long.
    for each in np.flatnonzero(lengths > keep):
        begin, end = rows.indptr[each], rows.indptr[each + 1]
        chosen[begin + np.argpartition(values[begin:end], -keep)[:-keep]] = False
    kept = np.concatenate([[0], np.cumsum(chosen)])[rows.indptr]
    data = values[chosen].astype(np.float32)
    return sp.csr_array((data, rows.indices[chosen], kept), shape=rows.shape)


def _strongest_of_dense(full: FloatArray, start: int | None, keep: int) -> sp.csr_array:
    """The same of a dense block, which is overwritten."""
    inside = np.arange(len(full))
    if start is not None:
        full[inside, start + inside] = 0
    width = min(keep, full.shape[1])
    value, column = torch.topk(torch.from_numpy(full), width)
    values = value.numpy().ravel()
    chosen = values > 0
    at = (np.repeat(inside, width)[chosen], column.numpy().ravel()[chosen])
    return sp.csr_array((values[chosen], at), shape=full.shape)


def scale_rows(matrix: sp.csr_array, power: float) -> sp.csr_array:
    """Multiply each row by its sum to ``power``; empty rows stay empty."""
    return sp.csr_array(sp.diags_array(_power(matrix.sum(axis=1), power)) @ matrix)


def scale_both(matrix: sp.csr_array) -> sp.csr_array:
    """D_r^-½ M D_c^-½, D the sums of rows and of columns; empty ones stay empty."""
    columns = sp.diags_array(_power(matrix.sum(axis=0), -0.5))
    return sp.csr_array(scale_rows(matrix, -0.5) @ columns)


def _power(sums: npt.NDArray[Any], power: float) -> FloatArray:
    return np.where(sums > 0, np.maximum(sums, 1e-12) ** power, 0).astype(np.float32)


def truncated_svd(
    matrix: sp.csr_array,
    rank: int,
    seed: int,
    oversampling: int = 32,
    iterations: int = 4,
    near: FloatArray | None = None,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Largest singular triplets by randomised subspace iteration (Halko et al., 2011).

    Shapes:
        near: (columns, any), right vectors of a matrix much like this one, to start from
        returned: (rows, rank) left vectors, (rank,) values descending, (columns, rank) right
    """
    rows, columns = matrix.shape
    width = min(rank + oversampling, rows, columns)
    start = np.random.default_rng(seed).standard_normal((columns, width), dtype=np.float32)
    if near is not None:
        known = min(width, near.shape[1])
        start[:, :known] = near[:, :known]
        start[:, known:] *= columns**-0.5
    transposed = sp.csr_array(matrix.T)
    basis = _orthonormal(matrix @ start)
    for _ in range(iterations):
        basis = _orthonormal(transposed @ basis)
        basis = _orthonormal(matrix @ basis)
    small = torch.from_numpy((transposed @ basis).T)
    left, values, right = torch.linalg.svd(small, full_matrices=False)
    rank = min(rank, width)
    return (
        basis @ left[:, :rank].numpy(),
        values[:rank].numpy(),
        np.ascontiguousarray(right[:rank].T.numpy()),
    )


def _orthonormal(vectors: FloatArray) -> FloatArray:
    """A basis of the columns; by PyTorch, which took a sixtieth of NumPy's time on two cores."""
    basis: FloatArray = np.ascontiguousarray(torch.linalg.qr(torch.from_numpy(vectors))[0].numpy())
    return basis
