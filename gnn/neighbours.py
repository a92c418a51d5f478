"""A sparse product–product term beside the vectors: what a history's products lead to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch
from torch import Tensor

from gnn.baselines.transition_knn import transitions
from gnn.behaviour import KIND_WEIGHTS, positives, user_matrix
from gnn.histories import Histories, IntArray
from gnn.linear import scale_rows, strongest
from gnn.questions import Past
from kg.records import KINDS

#: Neighbours kept a product and feature.
NEIGHBOURS = 100

#: How fast events fade in each feature: weight (1 + newer events)^-power.
FADING = (0.25, 1.0)


@dataclass(frozen=True)
class NeighbourTerm:
    """Two relations, what goes together and what follows, scored by log(1 + S/ε).

    S_uj = Σ over the history of weight(age, kind) · T_ij. Before being fitted ``gamma`` is None.

    Shapes:
        relations: (products, products) each, row i holds what i leads to
        scale: (relations,), the mean of each relation's entries: ε
    """

    relations: tuple[sp.csr_array, ...]
    scale: tuple[float, ...]
    gamma: Tensor | None = None

    @classmethod
    def count(cls, train: Histories, target_kind: int) -> NeighbourTerm:
        """From behaviour: cosine of users' sets, and transitions D^-½ T over ten positions."""
        bought = scale_rows(user_matrix(train, "graded", target_kind), -0.5)
        length = np.sqrt(np.asarray(bought.multiply(bought).sum(axis=0)).ravel())
        unit = sp.csr_array(bought @ sp.diags_array(1 / np.where(length > 0, length, 1)))
        unit = unit.astype(np.float32)
        together = strongest(sp.csr_array(unit.T), unit, NEIGHBOURS)
        kept = positives(train, "graded", target_kind)
        weights = np.array([KIND_WEIGHTS[kind] for kind in KINDS], np.float32)
        counted = transitions(kept, 10, 0.5, weights[kept.kind])
        counted.setdiag(0)
        counted.eliminate_zeros()
        follows = scale_rows(counted, -0.5)
        relations = (together, follows)
        scale = tuple(float(r.data.mean()) if r.nnz else 1.0 for r in relations)
        return cls(relations, scale)

    def weighted(self, gamma: Tensor) -> NeighbourTerm:
        """The same term with fitted weights: (relations,)."""
        return replace(self, gamma=gamma.detach().cpu())

    def tensors(self) -> dict[str, Tensor]:
        """The fitted term as named tensors, for a run's folder."""
        if self.gamma is None:
            raise ValueError("the term has not been fitted")
        named = {"neighbours.gamma": self.gamma, "neighbours.scale": torch.tensor(self.scale)}
        for place, relation in enumerate(self.relations):
            for part in ("data", "indices", "indptr"):
                named[f"neighbours.{place}.{part}"] = torch.from_numpy(getattr(relation, part))
        return named

    @classmethod
    def from_tensors(cls, named: Mapping[str, Tensor]) -> NeighbourTerm:
        """The term that ``tensors`` wrote."""
        gamma = named["neighbours.gamma"]
        relations = []
        for place in range(len(gamma)):
            parts = (named[f"neighbours.{place}.{p}"] for p in ("data", "indices", "indptr"))
            data, indices, indptr = (part.numpy() for part in parts)
            products = len(indptr) - 1
            relations.append(sp.csr_array((data, indices, indptr), shape=(products, products)))
        return cls(tuple(relations), tuple(named["neighbours.scale"].tolist()), gamma)

    def features(self, past: Past, begin: IntArray, end: IntArray) -> npt.NDArray[np.float32]:
        """log(1 + S/ε) of each relation: (questions, products, relations) float32."""
        question, event, rank = past.events(begin, end)
        product, kind = past.histories.product[event], past.histories.kind[event]
        graded = np.array([KIND_WEIGHTS[name] for name in KINDS], np.float32)[kind]
        shape = (len(begin), past.histories.num_products)
        result = np.zeros((*shape, len(self.relations)), np.float32)
        for place, (relation, power) in enumerate(zip(self.relations, FADING, strict=True)):
            weight = (graded * (1.0 + rank) ** -power).astype(np.float32)
            history = sp.csr_array((weight, (question, product)), shape=shape)
            result[:, :, place] = (history @ relation).toarray() / self.scale[place]
        return np.log1p(result, out=result)

    def score(self, past: Past, begin: IntArray, end: IntArray) -> Tensor:
        """What the term adds to each score: (questions, products)."""
        if self.gamma is None:
            raise ValueError("the term has not been fitted")
        return torch.from_numpy(self.features(past, begin, end)) @ self.gamma
