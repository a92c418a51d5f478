"""Linear product–product weights where each product is told from a few others alone."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch

from gnn.histories import IntArray
from gnn.linear import strongest, strongest_entries
from gnn.recommender import FloatArray

#: Entries kept of a row of XᵀX: what popular products share with the rest is next to nothing.
MOST_SHARED = 1_000

#: Products solved for at once: 30 MB of systems of sixty.
AT_ONCE = 2_048


def sparse_weights(
    bought: sp.csr_array, sources: int, penalty: float, targets: IntArray | None = None
) -> sp.csr_array:
    """w_j = (G_NN + penalty · I)^-1 G_Nj with G = XᵀX and N the ``sources`` largest of G_j.

    The closed form of fsSLIM (Ning and Karypis, 2011) without its lasso, or of EASE (Steck, 2019)
    on a pattern of few entries: many small systems instead of one as wide as there are products.

    Shapes:
        bought: (users, products), X; targets: (some,) int64, the j asked for, ascending, or None
            for all
        returned: (products, products) float32, column j holds w_j, 0 on the diagonal and for what
            is not asked for
    """
    transposed = sp.csr_array(bought.T)
    own = np.asarray(bought.multiply(bought).sum(axis=0)).ravel().astype(np.float32)
    gram = strongest(transposed, bought, MOST_SHARED)
    near = strongest_entries(gram, sources)
    asked = np.arange(len(own)) if targets is None else targets
    rows = [asked[first : first + AT_ONCE] for first in range(0, len(asked), AT_ONCE)]
    parts = [_solved(gram, own + penalty, near[some]) for some in rows]
    empty = sp.csr_array((0, len(own)), dtype=np.float32)
    solved = sp.csr_array(sp.vstack([empty, *parts], format="csr"))
    # Each target's weights in its own row, then in its column.
    counts = np.zeros(len(own), np.int64)
    counts[asked] = np.diff(solved.indptr)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    shape = (len(own), len(own))
    return sp.csr_array(sp.csr_array((solved.data, solved.indices, indptr), shape=shape).T)


def _solved(gram: sp.csr_array, diagonal: FloatArray, of: sp.csr_array) -> sp.csr_array:
    """The weights of some targets, of which ``of`` holds G_Nj: (targets, products), one a row."""
    lengths = np.diff(of.indptr)
    width = int(lengths.max(initial=0))
    systems = np.zeros((len(lengths), width, width), np.float32)
    place = np.full(gram.shape[0], -1, np.int64)
    for target, length in enumerate(lengths):
        own = of.indices[of.indptr[target] : of.indptr[target + 1]].astype(np.int64)
        place[own] = np.arange(length)
        row, entry = _entries(gram, own)
        column = place[gram.indices[entry]]
        inside = column >= 0
        row, column, value = row[inside], column[inside], gram.data[entry[inside]]
        # An entry may be kept in one of its two rows alone.
        systems[target, row, column] = value
        systems[target, column, row] = value
        place[own] = -1
    filled = np.arange(width) < lengths[:, None]
    ends = np.arange(width)
    systems[:, ends, ends] = 1.0
    at = np.nonzero(filled)
    systems[at[0], at[1], at[1]] = diagonal[of.indices]
    wanted = np.zeros((len(lengths), width), np.float32)
    wanted[filled] = of.data
    solved = torch.linalg.solve(torch.from_numpy(systems), torch.from_numpy(wanted)).numpy()
    return sp.csr_array((solved[filled], of.indices, of.indptr), shape=of.shape)


def _entries(matrix: sp.csr_array, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Which of the rows each of their entries is of, and where it stands."""
    first = matrix.indptr[rows].astype(np.int64)
    lengths = matrix.indptr[rows + 1] - first
    row = np.repeat(np.arange(len(rows)), lengths)
    before = np.cumsum(lengths) - lengths
    return row, np.arange(len(row)) + np.repeat(first - before, lengths)
