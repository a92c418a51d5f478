"""A sparse product–product term beside the vectors: what a history's products lead to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch
from torch import Tensor

from gnn.baselines.ease import ease_weights
from gnn.baselines.transition_knn import transitions
from gnn.behaviour import DAY_MS, kind_weights, positives, user_matrix
from gnn.histories import Histories, IntArray
from gnn.linear import cosine_neighbours, scale_rows, strongest_entries, strongest_rows
from gnn.questions import Past
from kg.records import KINDS, NO_TIME

#: Neighbours kept a product and relation, which are written into the graph as edges. More of them,
#: up to all that were counted, found no more on validation.
NEIGHBOURS = 50

#: Of what shares attributes with a product fewer are kept: 50 of them were no better (Office).
ALIKE = 20

#: Up to so many products, in shops that know their times, the best linear weights (EASE) are a
#: relation, too: they are solved for once a fold, in a time that grows with the cube. Without
#: times they made short sequences worse.
MOST_LINEAR = 5_000

#: The ridge penalty of the linear weights, and of those of the newest behaviour alone, which is
#: that of so many days.
PENALTY = 1_000.0
LATE_PENALTY = 300.0
LATE_DAYS = 60

#: Kinds after which a product may still be turned to: seen, but not had.
OPEN_KINDS = ("view", "click", "cart", "rate")

#: What an event must weigh for such a product to gain log 2: those of long ago say something, too.
FAINT = 0.03


@dataclass(frozen=True)
class Entries:
    """What a relation adds to a block of scores, where it adds anything.

    Shapes:
        place: (entries,) int64, row · columns + column; value: (entries,) float32
    """

    place: Tensor
    value: Tensor


@dataclass(frozen=True)
class Relation:
    """What a product in a history leads to, and how much of it an event says.

    An event weighs ``kinds[kind] · (1 + newer events)^-fading``, divided by how many events count
    to the power of ``by_length``. What comes of it adds log(1 + S/ε), or as ``linear`` S itself.
    ``counted`` is ε, where the matrix holds more than what was counted; what is not
    ``of_behaviour`` says of products without any what it says of all.

    Shapes:
        matrix: (products, products), row i holds what i leads to
        kinds: (len(KINDS),) float32
    """

    matrix: sp.csr_array
    fading: float
    kinds: npt.NDArray[np.float32]
    linear: bool = False
    by_length: float = 0.0
    counted: float | None = None
    of_behaviour: bool = True

    @cached_property
    def scale(self) -> float:
        """ε: the mean of the relation's entries, of those that were counted."""
        if self.counted is not None:
            return self.counted
        return float(self.matrix.data.mean()) if self.matrix.nnz else 1.0

    def histories(self, past: Past, begin: IntArray, end: IntArray) -> sp.csr_array:
        """What the events of each question weigh: (questions, products)."""
        question, event, rank = past.events(begin, end)
        product, kind = past.histories.product[event], past.histories.kind[event]
        weight = self.kinds[kind] * (1.0 + rank) ** -self.fading
        says = weight > 0
        question, product, weight = question[says], product[says], weight[says]
        if self.by_length:
            counts = np.bincount(question, minlength=len(begin))
            weight = weight * counts[question] ** -self.by_length
        shape = (len(begin), past.histories.num_products)
        return sp.csr_array((weight.astype(np.float32), (question, product)), shape=shape)

    def entries(self, sums: sp.csr_array) -> Entries:
        """What the sums S of some questions add to their scores."""
        row = np.repeat(np.arange(sums.shape[0], dtype=np.int64), np.diff(sums.indptr))
        place = torch.from_numpy(row * sums.shape[1] + sums.indices)
        return Entries(place, self.value(torch.from_numpy(sums.data)))

    def value(self, sums: Tensor) -> Tensor:
        """What a sum S adds to a score."""
        return sums if self.linear else torch.log1p(sums / self.scale)


@dataclass(frozen=True)
class NeighbourTerm:
    """Relations between products, each scored by log(1 + S/ε).

    S_uj = Σ over the history of weight(age, kind) · T_ij. What goes together, what follows (twice,
    fading slowly and fast), what follows at once where order alone is known, what shares attributes
    and, for shops of moderate size that know their times, what predicts best linearly (EASE, Steck,
    2019), ever and of late, are counted; a kind that leaves a product open leads to the product
    itself. Before being fitted ``gamma`` is None.
    """

    relations: tuple[Relation, ...]
    gamma: Tensor | None = None

    @classmethod
    def count(
        cls,
        train: Histories,
        target_kind: int,
        recency: bool = True,
        alike: sp.csr_array | None = None,
    ) -> NeighbourTerm:
        """From behaviour: users' sets, transitions D^-½ T over ten and one, linear weights.

        Without ``recency`` all of a history says the same, however old, and there are no weights of
        late behaviour. ``alike`` is what is known of products without any behaviour, which nobody
        has to be left out of.

        Shapes:
            alike: (products, products), row i holds what i is like
        """
        seen = user_matrix(train, "equal", target_kind)
        together = cosine_neighbours(scale_rows(seen, -0.5), NEIGHBOURS)
        counts = kind_weights("equal", target_kind)
        kept = positives(train, "equal", target_kind)

        def after(positions: int) -> sp.csr_array:
            """With its diagonal: what is bought again, or bought after being looked at."""
            scaled = scale_rows(transitions(kept, positions, 0.5), -0.5)
            return strongest_entries(scaled, NEIGHBOURS, skip_diagonal=False)

        follows = after(10)
        timed = bool((train.time != NO_TIME).all())
        itself = sp.csr_array(sp.eye_array(train.num_products, dtype=np.float32))
        slowly, fast, open_for = (0.25, 1.0, 0.5) if recency else (0.0, 0.0, 0.0)
        relations = [Relation(together, slowly, counts), Relation(follows, slowly, counts)]
        if recency:
            relations.append(Relation(follows, fast, counts))
        if not timed:
            # What is bought at one time has no order, so that the next of a basket is anybody.
            relations.append(Relation(after(1), fast, counts))
        if alike is not None:
            relations.append(Relation(alike, fast, counts, of_behaviour=False))
        if timed and train.num_products <= MOST_LINEAR:
            late = train.keep(train.time >= train.time.max(initial=0) - LATE_DAYS * DAY_MS)
            solved = ((train, PENALTY), (late, LATE_PENALTY)) if recency else ((train, PENALTY),)
            for behaviour, penalty in solved:
                linear = ease_weights(user_matrix(behaviour, "target", target_kind), penalty)
                matrix = strongest_rows(iter([linear]), NEIGHBOURS)
                relations.append(Relation(matrix, slowly, counts))
        for kind in OPEN_KINDS:
            code = KINDS.index(kind)
            if code != target_kind and (train.kind == code).any():
                only = np.zeros(len(KINDS), np.float32)
                only[code] = 1.0
                relations.append(Relation(itself, open_for, only, counted=FAINT))
        return cls(tuple(relations))

    def inherited(self, like: sp.csr_array) -> NeighbourTerm:
        """Let products of which nothing was counted lead, and be led to, as those they are like.

        Shapes:
            like: (products, products), rows of such products alone, each summing to the share
                they inherit
        """
        if not like.nnz:
            return self
        both = sp.csr_array(sp.eye_array(like.shape[0], dtype=np.float32) + like)
        # Relations that share a matrix go on sharing it.
        counted = {id(one.matrix): one.matrix for one in self.relations if one.of_behaviour}
        grown = {of: _with(each, both @ each @ both.T - each) for of, each in counted.items()}
        relations = [
            replace(one, matrix=grown[id(one.matrix)], counted=one.scale)
            if one.of_behaviour
            else one
            for one in self.relations
        ]
        return replace(self, relations=tuple(relations))

    def weighted(self, gamma: Tensor) -> NeighbourTerm:
        """The same term with fitted weights: (relations,)."""
        return replace(self, gamma=gamma.detach().cpu())

    @cached_property
    def matrices(self) -> list[sp.csr_array]:
        """What the relations count, each matrix once however many of them share it."""
        return list({id(one.matrix): one.matrix for one in self.relations}.values())

    @cached_property
    def matrix_of(self) -> list[int]:
        """Which of ``matrices`` each relation reads."""
        places = {id(matrix): place for place, matrix in enumerate(self.matrices)}
        return [places[id(one.matrix)] for one in self.relations]

    def numbers(self) -> dict[str, list[float] | list[int] | list[bool]]:
        """All that a database needs to compute the term beside ``links``, an entry a relation.

        ``kind`` is what each kind of event weighs, relation by relation.
        """
        return {
            "matrix": self.matrix_of,
            "gamma": self._fitted().tolist(),
            "fading": [one.fading for one in self.relations],
            "length": [one.by_length for one in self.relations],
            "scale": [one.scale for one in self.relations],
            "linear": [one.linear for one in self.relations],
            "kind": np.concatenate([one.kinds for one in self.relations]).tolist(),
        }

    def links(self) -> tuple[IntArray, IntArray, npt.NDArray[np.float32]]:
        """Every pair of products that any matrix holds, as edges with a weight a matrix.

        Shapes:
            returned: (products + 1,) where each source's edges begin, (edges,) targets, ascending
                for each source, (edges, matrices) weights
        """
        products = self.matrices[0].shape[0]
        keys = []
        for matrix in self.matrices:
            source = np.repeat(np.arange(products, dtype=np.int64), np.diff(matrix.indptr))
            keys.append(source * products + matrix.indices)
        pairs = np.unique(np.concatenate(keys))
        weights = np.zeros((len(pairs), len(keys)), np.float32)
        for place, (key, matrix) in enumerate(zip(keys, self.matrices, strict=True)):
            weights[np.searchsorted(pairs, key), place] = matrix.data
        source, target = np.divmod(pairs, products)
        indptr = np.searchsorted(source, np.arange(products + 1))
        return indptr.astype(np.int64), target, weights

    def tensors(self) -> dict[str, Tensor]:
        """The fitted term as named tensors, for a run's folder."""
        named = {"neighbours.gamma": self._fitted()}
        both = zip(self.relations, self.matrix_of, strict=True)
        for place, (relation, number) in enumerate(both):
            named[f"neighbours.{place}.kinds"] = torch.from_numpy(relation.kinds).clone()
            numbers = (relation.fading, relation.by_length, float(relation.linear), relation.scale)
            named[f"neighbours.{place}.shape"] = torch.tensor(numbers, dtype=torch.float64)
            named[f"neighbours.{place}.matrix"] = torch.tensor(number)
        for number, matrix in enumerate(self.matrices):
            for part in ("data", "indices", "indptr"):
                values = torch.from_numpy(getattr(matrix, part))
                named[f"neighbours.matrix.{number}.{part}"] = values.clone()
        return named

    @classmethod
    def from_tensors(cls, named: Mapping[str, Tensor]) -> NeighbourTerm:
        """The term that ``tensors`` wrote."""
        gamma = named["neighbours.gamma"]
        matrices: dict[int, sp.csr_array] = {}
        relations = []
        for place in range(len(gamma)):
            number = int(named[f"neighbours.{place}.matrix"])
            if number not in matrices:
                parts = (f"neighbours.matrix.{number}.{p}" for p in ("data", "indices", "indptr"))
                data, indices, indptr = (named[part].numpy() for part in parts)
                shape = (len(indptr) - 1, len(indptr) - 1)
                matrices[number] = sp.csr_array((data, indices, indptr), shape=shape)
            kinds = named[f"neighbours.{place}.kinds"].numpy()
            fading, by_length, linear, scale = named[f"neighbours.{place}.shape"].tolist()
            matrix = matrices[number]
            relations.append(Relation(matrix, fading, kinds, bool(linear), by_length, scale))
        return cls(tuple(relations), gamma)

    def _fitted(self) -> Tensor:
        if self.gamma is None:
            raise ValueError("the term has not been fitted")
        return self.gamma

    def histories(self, past: Past, begin: IntArray, end: IntArray) -> list[sp.csr_array]:
        """What the events of each question weigh, for each relation: (questions, products)."""
        found: dict[tuple[float, float, bytes], sp.csr_array] = {}
        weights = []
        for relation in self.relations:
            # Relations often differ in one thing alone.
            by = (relation.fading, relation.by_length, relation.kinds.tobytes())
            if by not in found:
                found[by] = relation.histories(past, begin, end)
            weights.append(found[by])
        return weights

    def entries(
        self, histories: Sequence[sp.csr_array], columns: IntArray | None = None
    ) -> list[Entries]:
        """f(S) of each relation where it is not zero, from what ``histories`` gives.

        Shapes:
            columns: the products asked for, ascending, or None for all
        """
        narrowed: dict[int, sp.csr_array] = {}
        found = []
        for relation, weights in zip(self.relations, histories, strict=True):
            matrix = relation.matrix
            if columns is not None:
                if id(matrix) not in narrowed:
                    narrowed[id(matrix)] = matrix[:, columns]
                matrix = narrowed[id(matrix)]
            found.append(relation.entries(sp.csr_array(weights @ matrix)))
        return found

    def of_pairs(
        self, histories: Sequence[sp.csr_array], question: IntArray, product: IntArray
    ) -> Tensor:
        """f(S) of each relation for single products, from what ``histories`` gives.

        Shapes:
            question, product: (pairs,) int64; returned: (pairs, relations)
        """
        found = []
        for relation, weights in zip(self.relations, histories, strict=True):
            leads = self._into[id(relation.matrix)][product]
            sums = (weights[question] * leads).sum(axis=1)
            found.append(relation.value(torch.from_numpy(sums.astype(np.float32))))
        return torch.stack(found, dim=1)

    @cached_property
    def _into(self) -> dict[int, sp.csr_array]:
        """What leads to each product, for each matrix: (products, products)."""
        return {id(matrix): sp.csr_array(matrix.T) for matrix in self.matrices}

    def add(self, scores: Tensor, past: Past, begin: IntArray, end: IntArray) -> Tensor:
        """The scores (questions, products) with the term added, in their place."""
        found = self.entries(self.histories(past, begin, end))
        return add_entries(scores, found, self._fitted())


def add_entries(scores: Tensor, found: Sequence[Entries], gamma: Tensor) -> Tensor:
    """scores + Σ_r γ_r · entries_r, in their place; the gradient reaches scores and γ.

    Shapes:
        scores: (questions, columns); gamma: (relations,)
    """
    if not found:
        return scores
    # All at once: each step in place costs the backward pass a copy of the scores.
    place = torch.cat([entries.place for entries in found])
    value = torch.cat([g * one.value.to(scores) for one, g in zip(found, gamma, strict=True)])
    return scores.view(-1).index_add_(0, place.to(scores.device), value).view(scores.shape)


def _with(matrix: sp.csr_array, inherited: sp.csr_array) -> sp.csr_array:
    """The matrix and the strongest inherited entries of each row beside it."""
    added = strongest_entries(sp.csr_array(inherited), NEIGHBOURS, skip_diagonal=False)
    return sp.csr_array(matrix + added)
