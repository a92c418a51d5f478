"""Link prediction: a softmax over products for every question, answered without one's own fold."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from gnn.config import ModelConfig, TrainConfig
from gnn.histories import Histories
from gnn.model import EdgeType, Recommender
from gnn.neighbours import NeighbourTerm
from gnn.propagation import Adjacency
from gnn.questions import Past, Questions, Trend, ask
from gnn.relations import (
    attribute_relations,
    behaviour_relations,
    count_pairs,
    folds_of,
    text_relation,
)

log = logging.getLogger(__name__)

TEXT_NEIGHBOURS = 15


@dataclass(frozen=True)
class Knowledge:
    """What is known of products besides behaviour.

    Shapes:
        text: (products, d) float32, rows of zeros where ``has_text`` (products,) is false
        attributes: (products, attribute nodes), 1 where a product has one, or None
    """

    text: npt.NDArray[np.float32]
    has_text: npt.NDArray[np.bool_]
    attributes: sp.csr_array | None = None


@dataclass
class Trained:
    """A model with everything it needs to answer.

    ``graph`` holds the adjacencies of all behaviour it was trained on; ``curve`` a loss an epoch.
    """

    model: Recommender
    graph: dict[EdgeType, Adjacency]
    text: Tensor
    has_text: Tensor
    trend: Trend
    neighbours: NeighbourTerm | None
    curve: list[float] = field(default_factory=list)


def fit(
    train: Histories,
    knowledge: Knowledge,
    model_config: ModelConfig,
    config: TrainConfig,
    target_kind: int,
    device: torch.device,
    after_epoch: Callable[[int], None] | None = None,
) -> Trained:
    """Train on histories; ``after_epoch`` is told 1 after each.

    Raises:
        ValueError: there is nothing to learn from.
    """
    generator = torch.Generator().manual_seed(config.seed)
    torch.manual_seed(config.seed)
    questions = ask(train, target_kind, config.horizon_days, config.lead_days, config.seed)
    if not len(questions):
        raise ValueError("There is nothing to learn from: no user has an interaction")
    trend = Trend(train, target_kind)
    past = Past(train)
    terms = _terms(train, model_config, config, target_kind)
    graphs, fold = _graphs(train, knowledge, model_config, config, device)
    text, has_text = whiten(knowledge, model_config.dim)
    behaviour = [relation for _, relation, target in graphs[-1] if target == "product"]
    model = Recommender(
        train.num_products,
        0 if knowledge.attributes is None else knowledge.attributes.shape[1],
        text.shape[1],
        [relation for relation in behaviour if relation != "has"],
        model_config,
        0 if terms[-1] is None else len(terms[-1].relations),
    ).to(device)
    trained = Trained(model, graphs[-1], text.to(device), has_text.to(device), trend, terms[-1])
    batches = _batches(questions, fold, config)
    total = config.epochs * len(batches)
    gates = [model.trend, model.raw_gamma, *model.users.parameters()]
    rest = [p for p in model.parameters() if not any(p is gate for gate in gates)]
    rates = [config.learning_rate, config.learning_rate * config.gate_rate]
    optimiser = torch.optim.Adam(
        [{"params": rest}, {"params": gates}], lr=rates[0], weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rates, total_steps=total + 1, pct_start=min(0.3, 50 / (total + 1))
    )
    for epoch in range(config.epochs):
        began = time.monotonic()
        model.train()
        losses = []
        for index in torch.randperm(len(batches), generator=generator).tolist():
            which = batches[index]
            own = int(fold[questions.row[which[0]]])
            loss = _loss(
                trained, past, questions, which, graphs[own], terms[own], config, generator
            )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
        # Which questions share a batch is drawn anew for every epoch.
        batches = _batches(questions, fold, config, epoch + 1)
        trained.curve.append(float(np.mean(losses)))
        log.debug(
            "epoch %d of %d: loss %.4f, %.1f s",
            epoch + 1,
            config.epochs,
            trained.curve[-1],
            time.monotonic() - began,
        )
        if after_epoch is not None:
            after_epoch(1)
    model.eval()
    return trained


def whiten(knowledge: Knowledge, dim: int) -> tuple[Tensor, Tensor]:
    """Text vectors on their leading principal axes, each of unit variance.

    Shapes:
        returned: (products, min(dim, d, products)) float32 and (products,) bool
    """
    has_text = torch.from_numpy(knowledge.has_text)
    text = torch.from_numpy(knowledge.text)
    if not has_text.any() or text.shape[1] == 0:
        return torch.zeros(len(text), 0), has_text
    centred = text - text[has_text].mean(0)
    _, scale, axes = torch.linalg.svd(centred[has_text], full_matrices=False)
    rank = min(dim, int((scale > 1e-4 * scale[0]).sum())) if scale[0] > 0 else 1
    deviation = scale[:rank].clamp_min(1e-6) / max(1, int(has_text.sum())) ** 0.5
    white = centred @ axes[:rank].T / deviation
    return white * has_text.unsqueeze(1), has_text


def _loss(
    trained: Trained,
    past: Past,
    questions: Questions,
    which: npt.NDArray[np.int64],
    graph: dict[EdgeType, Adjacency],
    term: NeighbourTerm | None,
    config: TrainConfig,
    generator: torch.Generator,
) -> Tensor:
    """Mean over questions of the mean cross-entropy of their answers (full softmax)."""
    model, device = trained.model, trained.text.device
    products = past.histories.num_products
    keep = (torch.rand(products, 1, generator=generator) >= config.dropout).float()
    keep_id = (keep / (1 - config.dropout)).to(device)
    z = model.products(trained.text, trained.has_text, graph, keep_id)
    rows = questions.row[which]
    begin, end = past.histories.indptr[rows], questions.start[which]
    history = past.batch(begin, end, questions.now[which], model.config.history).to(device)
    h = model.users(z, history)
    snapshot = trained.trend.at(questions.now[which])
    logits = h @ z.T + model.product_bias(trained.trend.snapshots[snapshot].to(device))
    if term is not None:
        features = torch.from_numpy(term.features(past, begin, end)).to(device)
        logits = logits + features @ model.gamma()
    unsold = trained.trend.unsold(questions.now[which])
    place, product = questions.answers(which)
    known = ~unsold[place, product]
    place, product = place[known], product[known]
    logits = logits.masked_fill(torch.from_numpy(unsold).to(device), -torch.inf)
    counts = np.bincount(place, minlength=len(which)).astype(np.float32)
    weight = torch.from_numpy(1.0 / counts[place]).to(device)
    scores = F.log_softmax(logits, dim=1)[
        torch.from_numpy(place).to(device), torch.from_numpy(product).to(device)
    ]
    return -(weight * scores).sum() / max(1, int((counts > 0).sum()))


def _graphs(
    train: Histories,
    knowledge: Knowledge,
    model_config: ModelConfig,
    config: TrainConfig,
    device: torch.device,
) -> tuple[list[dict[EdgeType, Adjacency]], npt.NDArray[np.int64]]:
    """One graph a fold without that fold's behaviour, then the graph of all; users' folds."""
    fold = folds_of(len(train), config.folds, config.seed)
    fixed: dict[EdgeType, Adjacency] = {}
    if model_config.use_attributes and knowledge.attributes is not None:
        related = attribute_relations(knowledge.attributes)
        fixed["attribute", "has", "product"] = Adjacency.from_scipy(related["has"]).to(device)
        fixed["product", "of", "attribute"] = Adjacency.from_scipy(related["of"]).to(device)
    if not model_config.use_propagation:
        return [fixed] * (config.folds + 1), fold
    if model_config.use_text and knowledge.has_text.any():
        near = Adjacency.from_scipy(text_relation(knowledge.text, TEXT_NEIGHBOURS))
        fixed["product", "similar_to", "product"] = near.to(device)
    everything = count_pairs(train)
    graphs = []
    for held_out in range(config.folds + 1):
        counts = everything
        if held_out < config.folds:
            own = train.keep((fold == held_out)[train.row])
            counts = everything.without(count_pairs(own))
        behaviour: dict[str, Any] = behaviour_relations(counts, model_config.neighbours)
        edges = {
            ("product", name, "product"): Adjacency.from_scipy(matrix).to(device)
            for name, matrix in behaviour.items()
        }
        graphs.append({**edges, **fixed})
    return graphs, fold


def _terms(
    train: Histories, model_config: ModelConfig, config: TrainConfig, target_kind: int
) -> list[NeighbourTerm | None]:
    """The sparse term of each fold, without that fold's behaviour, then that of all."""
    if not model_config.use_neighbours:
        return [None] * (config.folds + 1)
    fold = folds_of(len(train), config.folds, config.seed)
    others = [train.keep((fold != own)[train.row]) for own in range(config.folds)]
    return [NeighbourTerm.count(part, target_kind) for part in [*others, train]]


def _batches(
    questions: Questions, fold: npt.NDArray[np.int64], config: TrainConfig, epoch: int = 0
) -> list[npt.NDArray[np.int64]]:
    """Questions in batches whose users are all of one fold."""
    rng = np.random.default_rng((config.seed, epoch))
    batches = []
    for number in range(config.folds):
        of_fold = rng.permutation(np.flatnonzero(fold[questions.row] == number))
        pieces = -(-len(of_fold) // config.queries)
        batches += np.array_split(of_fold, pieces) if pieces else []
    return batches
