"""Which products of a history a score owes how much to.

By deletion: what a score loses when all events with one product are gone, those of the others
moving up as they would. Only the scores asked for are computed again, so that each user's history
can be asked once for each of its products.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from gnn.histories import Histories, IntArray
from gnn.inference import VectorRecommender
from gnn.neighbours import Relation
from gnn.questions import Past
from gnn.recommender import FloatArray

#: The newest products of a history that are weighed; what is older says next to nothing.
NEWEST = 60

#: Events of shortened histories, of about 100 bytes each, and rows that are looked at together.
BLOCK_EVENTS = 4_000_000
BLOCK_ROWS = 512


@dataclass(frozen=True)
class Explanation:
    """What scores of some products owe to each product of a history.

    Shapes:
        known: (queries, n) int64, products of each history, the newest first, -1 where fewer
        vectors, neighbours: (queries, n, k) float32, what each of k scores loses in its two parts
            without the product
    """

    known: IntArray
    vectors: FloatArray
    neighbours: FloatArray

    @property
    def loss(self) -> FloatArray:
        """What a score loses in all: (queries, n, k)."""
        total: FloatArray = self.vectors + self.neighbours
        return total


def explain(
    recommender: VectorRecommender,
    queries: Histories,
    now: IntArray | None,
    products: IntArray,
    newest: int = NEWEST,
) -> Explanation:
    """What the scores of ``products`` owe to the newest products of each history.

    Shapes:
        now: (queries,) milliseconds, or None
        products: (queries, k) int64, -1 where there are fewer
    """
    known = newest_products(queries, newest)
    shape = (*known.shape, products.shape[1])
    found = Explanation(known, np.zeros(shape, np.float32), np.zeros(shape, np.float32))
    events = queries.lengths * (1 + (known >= 0).sum(axis=1))
    every = np.arange(len(queries))
    new_block = np.diff(np.cumsum(events) // BLOCK_EVENTS) | np.diff(every // BLOCK_ROWS)
    for rows in np.split(every, np.flatnonzero(new_block) + 1):
        asked = None if now is None else now[rows]
        parts = _losses(recommender, queries.take(rows), asked, products[rows], known[rows])
        found.vectors[rows], found.neighbours[rows] = parts
    return found


def positions(keys: IntArray, wanted: IntArray) -> IntArray:
    """Where each number stands among ascending keys, -1 where it does not."""
    if not len(keys):
        return np.full(len(wanted), -1, np.int64)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, at, -1)


def without(queries: Histories, products: IntArray) -> Histories:
    """Each history without all its events with one product: (queries,) products."""
    return queries.keep(queries.product != products[queries.row])


def newest_products(queries: Histories, newest: int) -> IntArray:
    """The products of each history, the newest first, each once: (queries, n), -1 where fewer."""
    keys = queries.row[::-1] * queries.num_products + queries.product[::-1]
    _, first = np.unique(keys, return_index=True)
    first.sort()
    row, product = np.divmod(keys[first], queries.num_products)
    # The last history comes first here: each one's products begin anew.
    counts = np.bincount(row, minlength=len(queries))
    begins = np.cumsum(counts[::-1])[::-1] - counts
    place = np.arange(len(row)) - begins[row]
    kept = place < newest
    known = np.full((len(queries), min(newest, int(counts.max(initial=0)))), -1, np.int64)
    known[row[kept], place[kept]] = product[kept]
    return known


def _losses(
    recommender: VectorRecommender,
    queries: Histories,
    now: IntArray | None,
    products: IntArray,
    known: IntArray,
) -> tuple[FloatArray, FloatArray]:
    """What vectors and sparse term lose without each known product: (queries, n, k) each."""
    query, place = np.nonzero(known >= 0)
    # Each history whole, then without each of its products.
    copied = np.concatenate([np.arange(len(queries)), query])
    deleted = np.concatenate([np.full(len(queries), -1), known[query, place]])
    copies = without(queries.take(copied), deleted)
    vectors = np.zeros((*known.shape, products.shape[1]), np.float32)
    neighbours = np.zeros_like(vectors)
    wanted = products[query] >= 0

    def lost(scores: FloatArray) -> FloatArray:
        whole, left = scores[: len(queries)], scores[len(queries) :]
        return np.where(wanted, whole[query] - left, np.float32(0))

    users = recommender.users(copies, None if now is None else now[copied])
    z = recommender.z.cpu().numpy()[products.clip(0)]
    dots = [np.einsum("cd,cd->c", users, z[copied, rank]) for rank in range(products.shape[1])]
    vectors[query, place] = lost(np.stack(dots, axis=1))
    term = recommender.neighbours
    if term is not None and term.gamma is not None:
        past = Past(copies)
        for relation, gamma in zip(term.relations, term.gamma.tolist(), strict=True):
            says = _says(relation, past, copied, queries, products)
            neighbours[query, place] += np.float32(gamma) * lost(says)
    return vectors, neighbours


def _says(
    relation: Relation, past: Past, copied: IntArray, queries: Histories, products: IntArray
) -> FloatArray:
    """f(S) of the products asked for, by each copy of a history.

    Shapes:
        copied: (copies,) int64, the query that each is a copy of; returned: (copies, k)
    """
    histories, num_products = past.histories, queries.num_products
    weights = relation.histories(past, histories.indptr[:-1], histories.indptr[1:])
    # Each query's own products, side by side: what they lead to is looked up once for all copies.
    own = np.unique(queries.row * num_products + queries.product)
    query, product = np.divmod(own, num_products)
    column = positions(
        own,
        np.repeat(copied, np.diff(weights.indptr)) * num_products + weights.indices,
    )
    shape = (len(copied), len(own))
    weights = sp.csr_array((weights.data, column, weights.indptr), shape=shape)
    sums: FloatArray = weights @ _leads(relation.matrix, query, product, products)
    return sums if relation.linear else np.log1p(sums / np.float32(relation.scale))


def _leads(
    matrix: sp.csr_array, query: IntArray, product: IntArray, products: IntArray
) -> FloatArray:
    """How much each product leads to those asked of its query: (pairs, k)."""
    # Which of its k places a product has in each query's list.
    column = np.zeros((len(products), matrix.shape[1]), np.int16)
    at, rank = np.nonzero(products >= 0)
    column[at, products[at, rank]] = rank + 1
    leads = matrix[product]
    pair = np.repeat(np.arange(len(product)), np.diff(leads.indptr))
    place = column[query[pair], leads.indices] - 1
    kept = place >= 0
    found = np.zeros((len(product), products.shape[1]), np.float32)
    found[pair[kept], place[kept]] = leads.data[kept]
    return found
