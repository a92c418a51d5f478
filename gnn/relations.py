"""Typed, weighted product relations: from behaviour without a fold of users, and from knowledge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from gnn.histories import Histories, IntArray
from gnn.linear import strongest, strongest_entries, strongest_rows

#: Positions between two events of a user that still count as one leading to the other.
WINDOW = 3

#: Cosine below which two texts have nothing to do with one another.
LEAST_SIMILARITY = 0.2


@dataclass(frozen=True)
class Counts:
    """What users' sequences say of pairs of products.

    Shapes:
        followed: (products, products), how often the column came soon after the row
        together: (products, products), Σ over users of 1 / events of the user
    """

    followed: sp.csr_array
    together: sp.csr_array

    def without(self, other: Counts) -> Counts:
        """These counts less those of a part of the users."""
        return Counts(_minus(self.followed, other.followed), _minus(self.together, other.together))


def count_pairs(histories: Histories) -> Counts:
    """Count pairs of products in users' sequences."""
    products = histories.num_products
    followed = sp.csr_array((products, products), dtype=np.float32)
    row = histories.row
    for gap in range(1, WINDOW + 1):
        same = row[gap:] == row[:-gap]
        pair = (histories.product[:-gap][same], histories.product[gap:][same])
        weight = np.full(len(pair[0]), 1.0 / gap, np.float32)
        followed = followed + sp.csr_array((weight, pair), shape=(products, products))
    bought = histories.matrix()
    size = np.maximum(np.diff(bought.indptr), 1)
    scaled = sp.diags_array((1.0 / size).astype(np.float32)) @ bought
    return Counts(sp.csr_array(followed), sp.csr_array(bought.T @ scaled))


def behaviour_relations(counts: Counts, neighbours: int) -> dict[str, sp.csr_array]:
    """Row-normalised relations, the ``neighbours`` strongest a product, no self-loops.

    Shapes:
        each: (targets, sources): row i gathers from its neighbours
    """
    followed = strongest_entries(counts.followed, neighbours)
    preceded = strongest_entries(sp.csr_array(counts.followed.T), neighbours)
    degree = np.maximum(counts.together.diagonal(), 1e-12)
    scale = sp.diags_array((degree**-0.5).astype(np.float32))
    cosine = sp.csr_array(scale @ counts.together @ scale)
    together = strongest_entries(cosine, neighbours)
    return {
        "followed_by": _row_normalised(followed),
        "preceded_by": _row_normalised(preceded),
        "bought_with": _row_normalised(together),
    }


def text_relation(
    text: npt.NDArray[np.float32], neighbours: int, block: int = 2048
) -> sp.csr_array:
    """The nearest products by cosine of text, row-normalised; products without text have none."""
    norms = np.linalg.norm(text, axis=1)
    unit = (text / np.maximum(norms, 1e-12)[:, None]).astype(np.float32)

    def near() -> Iterator[npt.NDArray[np.float32]]:
        for start in range(0, len(unit), block):
            similarity = unit[start : start + block] @ unit.T
            similarity[similarity < LEAST_SIMILARITY] = 0.0
            yield similarity

    return _row_normalised(strongest_rows(near(), neighbours))


def attribute_relation(incidence: sp.csr_array) -> sp.csr_array:
    """What a product gathers from its attributes: weighted by ln(N / df), row-normalised.

    Shapes:
        incidence: (products, attributes), 1 where a product has one; returned: the same
    """
    return _row_normalised(_rare_first(incidence))


def shared_attributes(incidence: sp.csr_array, neighbours: int) -> sp.csr_array:
    """The products that share the most, through the fewest others, row-normalised.

    Two products share Σ over common attributes of the share each has in the one's attributes,
    times the share that the other has among all products with it.

    Shapes:
        incidence: (products, attributes); returned: (products, products)
    """
    weighted = _rare_first(incidence)
    given = _row_normalised(sp.csr_array(weighted.T))
    return _row_normalised(strongest(_row_normalised(weighted), given, neighbours))


def stand_ins(alike: Sequence[sp.csr_array], known: npt.NDArray[np.bool_]) -> sp.csr_array:
    """Which known products each unknown one is like, by the sum of relations, row-normalised.

    Shapes:
        alike: (products, products) each; known: (products,); returned: (products, products), empty
            rows for known products and for those that are like none
    """
    unknown = sp.diags_array((~known).astype(np.float32))
    total = sp.csr_array((len(known), len(known)), dtype=np.float32)
    for relation in alike:
        total = total + unknown @ relation @ sp.diags_array(known.astype(np.float32))
    return _row_normalised(sp.csr_array(total))


def _rare_first(incidence: sp.csr_array) -> sp.csr_array:
    df = np.maximum(np.asarray(incidence.sum(axis=0)).ravel(), 1.0)
    idf = np.log(incidence.shape[0] / df).astype(np.float32)
    return sp.csr_array(incidence @ sp.diags_array(idf))


def folds_of(users: int, folds: int, seed: int) -> IntArray:
    """Each user's fold: (users,) int64, as equal in size as can be."""
    return np.random.default_rng(seed).permutation(users) % folds


def _minus(a: sp.csr_array, b: sp.csr_array) -> sp.csr_array:
    difference = sp.csr_array(a - b)
    # Sums in another order leave dust where a count should be nothing.
    difference.data[difference.data < 1e-5] = 0.0
    difference.eliminate_zeros()
    return difference


def _row_normalised(matrix: sp.csr_array) -> sp.csr_array:
    total = np.asarray(matrix.sum(axis=1)).ravel()
    scale = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
    return sp.csr_array(sp.diags_array(scale.astype(np.float32)) @ matrix)
