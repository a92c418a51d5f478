"""Product relations without a fold of users, so that nobody's answers are in their own graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch

from gnn.config import ModelConfig, TrainConfig
from gnn.histories import Histories, IntArray
from gnn.knowledge import Knowledge
from gnn.linear import strongest_entries
from gnn.model import EdgeType
from gnn.neighbours import ALIKE, NEIGHBOURS, NeighbourTerm
from gnn.propagation import Adjacency
from gnn.relations import (
    attribute_relation,
    behaviour_relations,
    count_pairs,
    folds_of,
    shared_attributes,
    text_relation,
)

Edges = dict[EdgeType, Adjacency]

#: The products nearest by text which one gathers from.
TEXT_NEIGHBOURS = 15


@dataclass(frozen=True)
class CrossFit:
    """What a user's questions are answered from: graph and sparse term of the other folds' users.

    Lists hold one entry a fold, without that fold's behaviour, and last that of everybody, which
    answers whoever asks after training.

    Shapes:
        fold: (users,) int64
    """

    fold: IntArray
    graphs: list[Edges]
    terms: list[NeighbourTerm | None]

    @classmethod
    def count(
        cls,
        train: Histories,
        knowledge: Knowledge,
        model_config: ModelConfig,
        config: TrainConfig,
        target_kind: int,
        device: torch.device,
    ) -> CrossFit:
        """Count every relation for every fold."""
        fold = folds_of(len(train), config.folds, config.seed)
        return cls._of(train, fold, config.folds, knowledge, model_config, target_kind, device)

    @classmethod
    def of_everybody(
        cls,
        train: Histories,
        knowledge: Knowledge,
        model_config: ModelConfig,
        target_kind: int,
        device: torch.device,
    ) -> CrossFit:
        """Count what answers after training alone, for whom nothing is left to train."""
        fold = np.zeros(len(train), np.int64)
        return cls._of(train, fold, 0, knowledge, model_config, target_kind, device)

    @classmethod
    def _of(
        cls,
        train: Histories,
        fold: IntArray,
        folds: int,
        knowledge: Knowledge,
        model_config: ModelConfig,
        target_kind: int,
        device: torch.device,
    ) -> CrossFit:
        others = [train.keep((fold != own)[train.row]) for own in range(folds)]
        alike = None
        if knowledge.attributes is not None:
            alike = shared_attributes(knowledge.attributes, NEIGHBOURS)
        terms: list[NeighbourTerm | None] = [None] * (folds + 1)
        if model_config.use_neighbours:
            nearest = None if alike is None else strongest_entries(alike, ALIKE)
            how = (target_kind, model_config.use_recency, nearest)
            terms = [NeighbourTerm.count(part, *how) for part in [*others, train]]
        graphs = _graphs(train, fold, folds, knowledge, model_config, device, alike)
        return cls(fold, graphs, terms)


def _graphs(
    train: Histories,
    fold: IntArray,
    folds: int,
    knowledge: Knowledge,
    model_config: ModelConfig,
    device: torch.device,
    alike: sp.csr_array | None,
) -> list[Edges]:
    fixed: Edges = {}
    if knowledge.attributes is not None:
        has = attribute_relation(knowledge.attributes)
        fixed["attribute", "has", "product"] = Adjacency.from_scipy(has).to(device)
    if not model_config.use_propagation:
        return [fixed] * (folds + 1)
    if alike is not None:
        fixed["product", "shares_with", "product"] = Adjacency.from_scipy(alike).to(device)
    if model_config.use_text and knowledge.has_text.any():
        near = Adjacency.from_scipy(text_relation(knowledge.text, TEXT_NEIGHBOURS))
        fixed["product", "similar_to", "product"] = near.to(device)
    everything = count_pairs(train)
    graphs = []
    for held_out in range(folds + 1):
        counts = everything
        if held_out < folds:
            own = train.keep((fold == held_out)[train.row])
            counts = everything.without(count_pairs(own))
        behaviour = behaviour_relations(counts, model_config.neighbours)
        edges: Edges = {
            ("product", name, "product"): Adjacency.from_scipy(matrix).to(device)
            for name, matrix in behaviour.items()
        }
        graphs.append({**edges, **fixed})
    return graphs
