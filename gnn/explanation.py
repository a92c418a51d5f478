"""Which products of a history a score owes how much to.

score = h·z + b + Σ_r γ_r f(S_r), h a weighted sum over the history and S_r another: what a score
loses when all events with one product are deleted follows in closed form, without scoring again.
The weights of the other events are held fast, which by rank would each move up by one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from gnn.histories import Histories, IntArray
from gnn.inference import VectorRecommender
from gnn.neighbours import Relation
from gnn.questions import Past
from gnn.recommender import FloatArray
from kg.records import NO_TIME

#: The newest products of a history that are weighed; what is older says next to nothing.
NEWEST = 60


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
    past = Past(queries)
    places = Places.of(past, newest)
    known = places.known
    vectors = _vector_loss(recommender, past, now, places, products)
    neighbours = np.zeros_like(vectors)
    term = recommender.neighbours
    if term is not None and term.gamma is not None:
        for relation, gamma in zip(term.relations, term.gamma.tolist(), strict=True):
            neighbours += gamma * _relation_loss(relation, past, places, products)
    none = (known < 0)[:, :, None] | (products < 0)[:, None, :]
    vectors[none] = 0.0
    neighbours[none] = 0.0
    return Explanation(known, vectors, neighbours)


def positions(keys: IntArray, wanted: IntArray) -> IntArray:
    """Where each number stands among ascending keys, -1 where it does not."""
    if not len(keys):
        return np.full(len(wanted), -1, np.int64)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, at, -1)


def without(queries: Histories, products: IntArray) -> Histories:
    """Each history without all its events with one product: (queries,) products."""
    return queries.keep(queries.product != products[queries.row])


@dataclass(frozen=True)
class Places:
    """Where the newest products of each history stand, the newest first.

    Shapes:
        known: (queries, n) int64 products, -1 where there are fewer
        key: (placed,) int64 query · products + product, ascending; place: (placed,) int64
    """

    known: IntArray
    key: IntArray
    place: IntArray
    num_products: int

    @classmethod
    def of(cls, past: Past, newest: int) -> Places:
        """Of whole histories."""
        histories = past.histories
        keys = histories.row[::-1] * histories.num_products + histories.product[::-1]
        _, first = np.unique(keys, return_index=True)
        first.sort()
        key = keys[first]
        row, product = np.divmod(key, histories.num_products)
        # The last history comes first here: each one's products begin anew.
        counts = np.bincount(row, minlength=len(histories))
        begins = np.cumsum(counts[::-1])[::-1] - counts
        place = np.arange(len(row)) - begins[row]
        kept = place < newest
        known = np.full((len(histories), min(newest, int(counts.max(initial=0)))), -1, np.int64)
        known[row[kept], place[kept]] = product[kept]
        order = np.argsort(key[kept])
        return cls(known, key[kept][order], place[kept][order], histories.num_products)

    def find(self, query: IntArray, product: IntArray) -> IntArray:
        """The place of products in their queries' histories, -1 where they have none."""
        at = positions(self.key, query * self.num_products + product)
        return np.where(at >= 0, self.place[at], -1) if len(self.key) else at

    def sums(self, query: IntArray, product: IntArray, weight: FloatArray) -> FloatArray:
        """Event weights summed where their product stands: (queries, n)."""
        column = self.find(query, product)
        kept = column >= 0
        total = np.zeros(self.known.shape, np.float32)
        np.add.at(total, (query[kept], column[kept]), weight[kept])
        return total


@torch.inference_mode()
def _vector_loss(
    recommender: VectorRecommender,
    past: Past,
    now: IntArray | None,
    places: Places,
    products: IntArray,
) -> FloatArray:
    known, indptr = places.known, past.histories.indptr
    asked = np.full(len(past.histories), NO_TIME) if now is None else now
    history = past.batch(indptr[:-1], indptr[1:], asked, recommender.history)
    encoder = recommender.users_encoder.to("cpu")
    z = recommender.z.cpu()
    query, product = history.query.numpy(), history.product.numpy()
    own, wanted = z[torch.from_numpy(known.clip(0))], z[torch.from_numpy(products.clip(0))]
    loss = np.zeros((len(known), known.shape[1], products.shape[1]), np.float32)
    for weight, mix, mean in encoder.pools(z, history):
        says = torch.bmm(own * mix, wanted.transpose(1, 2)).numpy()
        weights = places.sums(query, product, weight.numpy())
        if not mean:
            loss += weights[:, :, None] * says
            continue
        total = np.bincount(query, weight.numpy(), minlength=len(known)).astype(np.float32)
        # Of the whole history, its oldest events too: Σ w z · (β z_j) / W.
        pooled = torch.zeros(len(known), z.shape[1]).index_add(
            0, torch.from_numpy(query), weight.unsqueeze(1) * z[history.product]
        )
        whole = torch.bmm((pooled * mix).unsqueeze(1), wanted.transpose(1, 2)).numpy()
        rest = total[:, None] - weights
        # Without its last product a history has no mean: h is zero then.
        alone = rest <= 1e-6 * total[:, None]
        left = (whole - weights[:, :, None] * says) / np.where(alone, 1, rest)[:, :, None]
        left[alone] = 0.0
        loss += whole / np.maximum(total, 1e-12)[:, None, None] - left
    return loss


def _relation_loss(
    relation: Relation, past: Past, places: Places, products: IntArray
) -> FloatArray:
    """What f(S) of each product loses without each known one: f(S) - f(S - its own part)."""
    known, indptr = places.known, past.histories.indptr
    weights = relation.histories(past, indptr[:-1], indptr[1:])
    rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
    # Which of its k places a product has in each query's list, one block of rows at a time.
    column = np.zeros((len(known), past.histories.num_products), np.int16)
    at, rank = np.nonzero(products >= 0)
    column[at, products[at, rank]] = rank + 1
    leads = relation.matrix[weights.indices]
    entry = np.repeat(np.arange(len(rows)), np.diff(leads.indptr))
    wanted = column[rows[entry], leads.indices] - 1
    kept = wanted >= 0
    entry, wanted = entry[kept], wanted[kept]
    part = (leads.data[kept] * weights.data[entry]).astype(np.float32)
    query = rows[entry]
    total = np.zeros(products.shape, np.float32)
    np.add.at(total, (query, wanted), part)
    own = places.find(query, weights.indices[entry].astype(np.int64))
    inside = own >= 0
    parts = np.zeros((*known.shape, products.shape[1]), np.float32)
    np.add.at(parts, (query[inside], own[inside], wanted[inside]), part[inside])
    if relation.linear:
        return parts
    left = np.maximum(total[:, None, :] - parts, 0.0)
    scale = np.float32(relation.scale)
    loss: FloatArray = np.log1p(total / scale)[:, None, :] - np.log1p(left / scale)
    return loss
