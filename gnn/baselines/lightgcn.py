"""LightGCN: embeddings smoothed over the user–product graph (He et al., 2020), PyG's own model."""

from __future__ import annotations

import copy
import warnings
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torch_geometric.nn import LightGCN

from gnn.behaviour import Kinds
from gnn.histories import Histories, IntArray
from gnn.known import KnownUsers, user_vectors
from gnn.linear import History, with_popularity
from gnn.recommender import Context, FloatArray
from gnn.stopping import train_until_worse

TRAINS = True

#: Steps between two looks at validation: each step smooths the whole graph once.
ROUND = 20


@dataclass(frozen=True)
class Settings:
    """As published where it says so; ``rounds`` of twenty steps, fewer where validation says so.

    ``regularization`` is that of the embeddings of a step's pairs.
    """

    dim: int = 64
    layers: int = 3
    learning_rate: float = 0.01
    regularization: float = 1e-4
    pairs: int = 16_384
    rounds: int = 100
    kinds: Kinds = "target"

    def __post_init__(self) -> None:
        if min(self.dim, self.layers, self.pairs, self.rounds) < 1:
            raise ValueError(f"sizes must be at least 1 (got {self})")
        if self.learning_rate <= 0 or self.regularization < 0:
            raise ValueError(f"rates must not be negative (got {self})")


AXES = {"kinds": get_args(Kinds), "regularization": (1e-5, 1e-4, 1e-3), "layers": (2, 3)}


@dataclass(frozen=True)
class GraphRecommender:
    """Dot products of smoothed embeddings; an unknown user is what the products send them.

    Shapes:
        users: (users, dim); items: (products, dim)
        sent: (products, dim), what a product sends to a user of one product
    """

    history: History
    known: KnownUsers
    users: FloatArray
    items: FloatArray
    sent: FloatArray
    popularity: FloatArray
    settings: Settings

    def score(self, queries: Histories, now: IntArray | None) -> FloatArray:
        """Score every product for every query."""
        asked = self.history.matrix(queries)
        scale = np.maximum(np.diff(asked.indptr), 1) ** -0.5
        ones = sp.csr_array((np.ones_like(asked.data), asked.indices, asked.indptr), asked.shape)
        folded_in = (ones @ self.sent * scale[:, None]).astype(np.float32)
        users = user_vectors(self.known.rows(asked), self.users, folded_in)
        return with_popularity(users @ self.items.T, self.popularity)


def fit(train: Histories, settings: Settings, context: Context) -> GraphRecommender:
    """Train by BPR on random pairs until validation gets worse."""
    history = History(settings.kinds, context.target_kind)
    bought = history.matrix(train)
    num_users, num_products = bought.shape
    torch.manual_seed(context.seed)
    model = LightGCN(num_users + num_products, settings.dim, settings.layers, normalize=False)
    graph = normalized_graph(bought)
    optimiser = torch.optim.Adam(model.parameters(), lr=settings.learning_rate)
    user = torch.from_numpy(np.repeat(np.arange(num_users), np.diff(bought.indptr)))
    product = torch.from_numpy(bought.indices.astype(np.int64)) + num_users
    generator = torch.Generator().manual_seed(context.seed)

    def train_round() -> None:
        for _ in range(ROUND):
            at = torch.randint(len(user), (settings.pairs,), generator=generator)
            other = torch.randint(num_products, at.shape, generator=generator) + num_users
            out = model.get_embedding(graph)
            u, p, n = user[at], product[at], other
            margin = (out[u] * (out[p] - out[n])).sum(dim=1)
            own = model.embedding.weight
            size = sum(own[rows].pow(2).sum() for rows in (u, p, n)) / (2 * len(at))
            loss = F.softplus(-margin).mean() + settings.regularization * size
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()

    known, popularity = KnownUsers(bought), history.popularity(train)
    degrees = bought.astype(bool).sum(axis=0)

    @torch.no_grad()
    def recommender() -> GraphRecommender:
        layers = [model.embedding.weight]
        for conv in model.convs:
            layers.append(conv(layers[-1], graph))
        mean = torch.stack(layers).mean(dim=0).numpy()
        passed = (torch.stack(layers[:-1]).sum(dim=0) / len(layers)).numpy()
        return GraphRecommender(
            history,
            known,
            mean[:num_users],
            mean[num_users:],
            (passed[num_users:] * np.maximum(degrees, 1)[:, None] ** -0.5).astype(np.float32),
            popularity,
            settings,
        )

    best: dict[str, Any] = {}
    rounds = train_until_worse(
        train_round,
        recommender,
        lambda: best.update(copy.deepcopy(model.state_dict())),
        lambda: None if not best else _load(model, best),
        context,
        settings.rounds,
        patience=10,
    )
    return replace(recommender(), settings=replace(settings, rounds=rounds))


def normalized_graph(bought: sp.csr_array) -> Tensor:
    """Users and products as one graph, each edge 1 / √(degree · degree): sparse CSR, symmetric."""
    ones = bought.astype(bool).astype(np.float32)
    both = sp.csr_array(sp.block_array([[None, ones], [ones.T, None]], format="csr"))
    root = np.sqrt(np.maximum(both.sum(axis=1), 1)).astype(np.float32)
    scaled = sp.csr_array(sp.diags_array(1 / root) @ both @ sp.diags_array(1 / root))
    with warnings.catch_warnings():
        # PyTorch calls CSR "beta" at the first tensor made; the products used here are stable.
        warnings.filterwarnings("ignore", message=".*[Ss]parse.*")
        return torch.sparse_csr_tensor(
            torch.from_numpy(scaled.indptr.astype(np.int64)),
            torch.from_numpy(scaled.indices.astype(np.int64)),
            torch.from_numpy(scaled.data.astype(np.float32)),
            size=scaled.shape,
        )


def _load(model: LightGCN, state: dict[str, Any]) -> None:
    model.load_state_dict(state)
