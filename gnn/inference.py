"""A trained model's vectors, and the scores that come of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch

from gnn.histories import Histories, IntArray
from gnn.model import SetEncoder, UserEncoder
from gnn.neighbours import NeighbourTerm, add_entries
from gnn.questions import Past
from kg.records import NO_TIME

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class VectorRecommender:
    """Product vectors at a moment and the users' encoder: all that scoring needs.

    ``model_state`` carries the parameters the vectors came from, to train on from there.

    Shapes:
        z: (products, dim) float32; bias: (products,) float32, what a product scores with anybody
    """

    users_encoder: UserEncoder | SetEncoder
    z: torch.Tensor
    bias: torch.Tensor
    history: int
    neighbours: NeighbourTerm | None = None
    model_state: dict[str, torch.Tensor] = field(default_factory=dict)

    @torch.inference_mode()
    def users(self, queries: Histories, now: IntArray | None) -> FloatArray:
        """User vectors (queries, dim) from histories; zeros for who has done nothing."""
        vectors: FloatArray = self._users(Past(queries), now).cpu().numpy()
        return vectors

    @torch.inference_mode()
    def score(self, queries: Histories, now: IntArray | None) -> FloatArray:
        """Score every product for every query: (queries, products) float32."""
        past = Past(queries)
        scores = self._users(past, now) @ self.z.T + self.bias
        if self.neighbours is not None:
            scores = self.neighbours.add(scores, past, queries.indptr[:-1], queries.indptr[1:])
        result: FloatArray = scores.cpu().numpy()
        return result

    def vectors_only(self) -> VectorRecommender:
        """The same without the sparse term: what an index of vectors alone can answer."""
        return replace(self, neighbours=None)

    def _users(self, past: Past, now: IntArray | None) -> torch.Tensor:
        indptr = past.histories.indptr
        asked = np.full(len(past.histories), NO_TIME) if now is None else now
        history = past.batch(indptr[:-1], indptr[1:], asked, self.history)
        vectors: torch.Tensor = self.users_encoder(self.z, history.to(self.z.device))
        return vectors


@dataclass(frozen=True)
class Reranked:
    """What a database finds: the nearest by the vectors, and all the history counts for, by score.

    The rest follows in the order of the vectors alone.
    """

    recommender: VectorRecommender
    nearest: int = 200

    def score(self, queries: Histories, now: IntArray | None) -> FloatArray:
        """Score every product for every query: (queries, products) float32."""
        vectors = self.recommender.vectors_only().score(queries, now)
        term = self.recommender.neighbours
        if term is None or term.gamma is None:
            return vectors
        found = np.zeros(vectors.shape, np.bool_)
        width = min(self.nearest, vectors.shape[1])
        near = torch.topk(torch.from_numpy(vectors), width).indices.numpy()
        np.put_along_axis(found, near, True, axis=1)
        events = term.histories(Past(queries), queries.indptr[:-1], queries.indptr[1:])
        led_to = term.entries(events)
        for entries in led_to:
            found.ravel()[entries.place.numpy()] = True
        full = add_entries(torch.from_numpy(vectors.copy()), led_to, term.gamma).numpy()
        below = vectors - (vectors.max(initial=0.0) - full.min(initial=0.0) + 1)
        scores: FloatArray = np.where(found, full, below)
        return scores


def index_vectors(users: FloatArray, z: FloatArray, bias: FloatArray) -> tuple[FloatArray, ...]:
    """Vectors for a cosine index that rank as h·z + b does, and whose dot product is that sum.

    Products get [z, b, √(M² − ‖z‖² − b²)], all of length M; users [h, 1, 0] (Bachrach et al.,
    2014). Neither is ever a zero vector.

    Shapes:
        users: (users, dim); z: (products, dim); bias: (products,); returned: (·, dim + 2) each
    """
    squared = (z**2).sum(axis=1) + bias**2
    longest = max(float(squared.max(initial=0.0)), 1e-6) * 1.0001
    products = of_length(z, bias, longest)
    ones = np.ones((len(users), 1), np.float32)
    extended = np.concatenate([users, ones, 0 * ones], axis=1)
    return extended.astype(np.float32), products


def of_length(z: FloatArray, bias: FloatArray, squared: float) -> FloatArray:
    """[z, b, √(M² − ‖z‖² − b²)], all of length M; the last is 0 where one is longer already.

    Shapes:
        z: (products, dim); bias: (products,); returned: (products, dim + 2)
    """
    rest = np.sqrt(np.maximum(squared - (z**2).sum(axis=1) - bias**2, 0.0))
    return np.concatenate([z, bias[:, None], rest[:, None]], axis=1).astype(np.float32)


def top_k(
    recommender: VectorRecommender,
    queries: Histories,
    now: IntArray | None,
    masked: sp.csr_array,
    offered: npt.NDArray[np.bool_],
    k: int,
    block_rows: int = 1024,
    progress: Callable[[int], None] | None = None,
) -> tuple[IntArray, FloatArray]:
    """Each row's best products, exactly, among those offered and not masked.

    Shapes:
        masked: (queries, products); offered: (products,) bool
        returned: (queries, k) int64 products, the best first, -1 where there are fewer;
            (queries, k) float32 scores
    """
    width = min(k, queries.num_products)
    best = np.full((len(queries), k), -1, np.int64)
    scores = np.full((len(queries), k), -np.inf, np.float32)
    for start in range(0, len(queries), block_rows):
        rows = np.arange(start, min(start + block_rows, len(queries)))
        block = recommender.score(queries.take(rows), None if now is None else now[rows])
        block[:, ~offered] = -np.inf
        seen = masked[rows]
        block[np.repeat(np.arange(len(rows)), np.diff(seen.indptr)), seen.indices] = -np.inf
        values, products = largest(torch.from_numpy(block), width)
        found = values.numpy() > -np.inf
        best[rows, :width] = np.where(found, products.numpy(), -1)
        scores[rows, :width] = values.numpy()
        if progress is not None:
            progress(len(rows))
    return best, scores


#: Columns that are looked at as one when the largest of a row are searched.
GROUP = 64


def largest(scores: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Each row's k largest values and their columns, descending; which of equals is open.

    The k largest lie in the k groups of columns whose own largest are largest: only those are
    sorted, which takes a fraction of what sorting whole rows does.

    Shapes:
        scores: (rows, columns); returned: (rows, k) each
    """
    rows, columns = scores.shape
    groups = columns // GROUP
    if groups <= 2 * k:
        return torch.topk(scores, k)
    grouped = scores[:, : groups * GROUP].view(rows, groups, GROUP)
    best = torch.topk(grouped.amax(dim=2), k, sorted=False).indices
    held = grouped.gather(1, best.unsqueeze(2).expand(-1, -1, GROUP)).flatten(1)
    column = (best.unsqueeze(2) * GROUP + torch.arange(GROUP)).flatten(1)
    # The last columns fill no group: they are candidates, too.
    rest = torch.arange(groups * GROUP, columns).expand(rows, -1)
    held = torch.cat([held, scores[:, groups * GROUP :]], dim=1)
    values, place = torch.topk(held, k)
    return values, torch.cat([column, rest], dim=1).gather(1, place)


@torch.inference_mode()
def best_of_factors(
    users: FloatArray, products: FloatArray, masked: sp.csr_array, k: int, block_rows: int = 512
) -> IntArray:
    """Each user's best products by the dot product alone, exactly, among those not masked.

    Shapes:
        users: (users, dim); products: (products, dim); masked: (users, products)
        returned: (users, k) int64, the best first, -1 where there are fewer
    """
    z = torch.from_numpy(products).T
    width = min(k, len(products))
    best = np.full((len(users), k), -1, np.int64)
    buffer = torch.empty(min(block_rows, len(users)), len(products))
    for start in range(0, len(users), block_rows):
        rows = slice(start, min(start + block_rows, len(users)))
        scores = buffer[: rows.stop - start]
        torch.mm(torch.from_numpy(users[rows]), z, out=scores)
        seen = masked[rows]
        place = np.repeat(np.arange(len(scores)) * len(products), np.diff(seen.indptr))
        flat = torch.from_numpy(place + seen.indices)
        scores.view(-1)[flat] = -torch.inf
        values, found = largest(scores, width)
        best[rows, :width] = np.where(values.numpy() > -np.inf, found.numpy(), -1)
    return best
