"""A sparse product–product term beside the vectors: what a history's products lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch
from torch import Tensor

from gnn.baselines.transition_knn import transitions
from gnn.behaviour import kind_weights, positives, user_matrix
from gnn.histories import Histories, IntArray
from gnn.linear import cosine_neighbours, scale_rows
from gnn.questions import Past
from kg.records import KINDS

#: Neighbours kept a product.
NEIGHBOURS = 100

#: Kinds after which a product may still be turned to: seen, but not had.
OPEN_KINDS = ("view", "click", "cart", "rate")


@dataclass(frozen=True)
class Relation:
    """What a product in a history leads to, and how much of it an event says.

    An event weighs ``kinds[kind] · (1 + newer events)^-fading``.

    Shapes:
        matrix: (products, products), row i holds what i leads to
        kinds: (len(KINDS),) float32
    """

    matrix: sp.csr_array
    fading: float
    kinds: npt.NDArray[np.float32]

    @cached_property
    def scale(self) -> float:
        """ε: the mean of the relation's entries."""
        return float(self.matrix.data.mean()) if self.matrix.nnz else 1.0


@dataclass(frozen=True)
class NeighbourTerm:
    """Relations between products, each scored by log(1 + S/ε).

    S_uj = Σ over the history of weight(age, kind) · T_ij. What goes together and what follows
    (twice, fading slowly and fast) are counted; a kind that leaves a product open leads to the
    product itself. Before being fitted ``gamma`` is None.
    """

    relations: tuple[Relation, ...]
    gamma: Tensor | None = None

    @classmethod
    def count(cls, train: Histories, target_kind: int) -> NeighbourTerm:
        """From behaviour: cosine of users' sets, transitions D^-½ T over ten positions."""
        bought = scale_rows(user_matrix(train, "equal", target_kind), -0.5)
        together = cosine_neighbours(bought, NEIGHBOURS)
        counts = kind_weights("equal", target_kind)
        kept = positives(train, "equal", target_kind)
        follows = scale_rows(transitions(kept, 10, 0.5), -0.5)
        itself = sp.csr_array(sp.eye_array(train.num_products, dtype=np.float32))
        relations = [Relation(together, 0.25, counts)]
        relations += [Relation(follows, fading, counts) for fading in (0.25, 1.0)]
        for kind in OPEN_KINDS:
            code = KINDS.index(kind)
            if code != target_kind and (train.kind == code).any():
                only = np.zeros(len(KINDS), np.float32)
                only[code] = 1.0
                relations.append(Relation(itself, 0.5, only))
        return cls(tuple(relations))

    def weighted(self, gamma: Tensor) -> NeighbourTerm:
        """The same term with fitted weights: (relations,)."""
        return replace(self, gamma=gamma.detach().cpu())

    def tensors(self) -> dict[str, Tensor]:
        """The fitted term as named tensors, for a run's folder."""
        if self.gamma is None:
            raise ValueError("the term has not been fitted")
        named = {"neighbours.gamma": self.gamma}
        for place, relation in enumerate(self.relations):
            named[f"neighbours.{place}.kinds"] = torch.from_numpy(relation.kinds).clone()
            named[f"neighbours.{place}.fading"] = torch.tensor(relation.fading)
            for part in ("data", "indices", "indptr"):
                values = torch.from_numpy(getattr(relation.matrix, part))
                named[f"neighbours.{place}.{part}"] = values.clone()
        return named

    @classmethod
    def from_tensors(cls, named: Mapping[str, Tensor]) -> NeighbourTerm:
        """The term that ``tensors`` wrote."""
        gamma = named["neighbours.gamma"]
        relations = []
        for place in range(len(gamma)):
            parts = (named[f"neighbours.{place}.{p}"] for p in ("data", "indices", "indptr"))
            data, indices, indptr = (part.numpy() for part in parts)
            shape = (len(indptr) - 1, len(indptr) - 1)
            matrix = sp.csr_array((data, indices, indptr), shape=shape)
            kinds = named[f"neighbours.{place}.kinds"].numpy()
            fading = float(named[f"neighbours.{place}.fading"])
            relations.append(Relation(matrix, fading, kinds))
        return cls(tuple(relations), gamma)

    def features(self, past: Past, begin: IntArray, end: IntArray) -> npt.NDArray[np.float32]:
        """log(1 + S/ε) of each relation: (questions, products, relations) float32."""
        question, event, rank = past.events(begin, end)
        product, kind = past.histories.product[event], past.histories.kind[event]
        shape = (len(begin), past.histories.num_products)
        result = np.zeros((*shape, len(self.relations)), np.float32)
        for place, relation in enumerate(self.relations):
            weight = (relation.kinds[kind] * (1.0 + rank) ** -relation.fading).astype(np.float32)
            says = weight > 0
            where = (question[says], product[says])
            history = sp.csr_array((weight[says], where), shape=shape)
            result[:, :, place] = (history @ relation.matrix).toarray() / relation.scale
        return np.log1p(result, out=result)

    def score(self, past: Past, begin: IntArray, end: IntArray) -> Tensor:
        """What the term adds to each score: (questions, products)."""
        if self.gamma is None:
            raise ValueError("the term has not been fitted")
        return torch.from_numpy(self.features(past, begin, end)) @ self.gamma
