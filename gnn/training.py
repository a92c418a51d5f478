"""Link prediction: a softmax over products for every question, answered without one's own fold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from gnn import distributed
from gnn.checkpoints import Checkpoints, Moving, State, best_epoch, end_epoch, has_ended
from gnn.config import ModelConfig, TrainConfig
from gnn.crossfit import CrossFit, Edges
from gnn.histories import Histories, IntArray
from gnn.inference import VectorRecommender
from gnn.knowledge import Knowledge
from gnn.model import Recommender
from gnn.neighbours import NeighbourTerm, add_entries
from gnn.questions import Past, Questions, Trend, ask, hide
from gnn.relations import stand_ins
from gnn.sampling import block_of
from gnn.softmax import NEVER, cross_entropy, draw, never
from gnn.stopping import Watch
from gnn.warm import (
    ATTRIBUTE_KEYS,
    AXES,
    CENTRE,
    WarmStart,
    continued,
    rehearsed,
    take_over,
    whiten_as,
)
from kg.records import NO_TIME

#: The relations that say which known products one that nobody had is like.
ALIKE_BY = ("similar_to", "shares_with")

#: What such a product inherits of their places in the sparse term. With vectors as long as those of
#: known products (validation, a tenth of the products taken out): HR@10 of theirs among all .116 in
#: Office and .043 in Beauty, at 1.5 and 0.7 % of the others' HR@10. At 4.0: .136 and .058, at 3.9
#: and 1.5 %.
LENT = 2.0

#: Steps in which the learning rate rises, where there are as many.
WARM_UP = 50


@dataclass
class Trained:
    """A model with everything it needs to answer.

    ``graph`` holds the adjacencies of all behaviour it was trained on; ``curve`` a loss an epoch;
    ``best_epoch`` is the one whose weights these are, 0 where no validation was asked;
    ``meaning`` what the text features and attribute rows of the weights stand for.

    Shapes:
        known: (products,) bool, which products anybody did anything to. The others have no id
            vector, which leaves theirs short: they are made as long as those of known products
            on average. They have the median bias, since nothing has been learned against them,
            and the neighbours of those they are like.
    """

    model: Recommender
    graph: Edges
    text: Tensor
    has_text: Tensor
    known: Tensor
    trend: Trend
    neighbours: NeighbourTerm | None
    target_kind: int
    curve: list[float] = field(default_factory=list)
    best_epoch: int = 0
    meaning: dict[str, Tensor] = field(default_factory=dict)
    balance: tuple[float, ...] = ()

    @torch.inference_mode()
    def at(self, now: int) -> VectorRecommender:
        """Fix the products' vectors and popularity at a moment (milliseconds or ``NO_TIME``)."""
        model = self.model.eval()
        known = self.known.to(self.text)
        z = model.products(self.text, self.has_text, self.graph, known.unsqueeze(1))
        z = _as_long(z, self.known)
        snapshot = self.trend.snapshots[self.trend.at(np.array([now]))[0]]
        learned = model.bias.where(self.known, model.bias[self.known].median())
        bias = model.product_bias(learned, snapshot.to(z.device))
        term = None
        if self.neighbours is not None:
            term = self.neighbours.inherited(LENT * self._like_known())
            term = term.weighted(model.gamma() * self._balance())
        state = model.state_dict() | self.meaning
        return VectorRecommender(model.users, z, bias, model.config.history, term, state)

    def balanced(self, balance: tuple[float, ...]) -> Trained:
        """The same with other factors of the sparse term."""
        return replace(self, balance=balance)

    def _balance(self) -> Tensor:
        """What the relations' weights are multiplied with; 1 for those not known of."""
        factors = torch.ones_like(self.model.raw_gamma)
        given = torch.tensor(self.balance[: len(factors)], dtype=factors.dtype)
        factors[: len(given)] = given
        return factors

    def _like_known(self) -> sp.csr_array:
        """The known products that the others are like, by text and attributes."""
        alike = [
            self.graph["product", name, "product"].scipy()
            for name in ALIKE_BY
            if ("product", name, "product") in self.graph
        ]
        return stand_ins(alike, self.known.cpu().numpy())


def _as_long(z: Tensor, known: Tensor) -> Tensor:
    """The vectors, those of unknown products stretched to the mean length of the known ones.

    Shapes:
        z: (products, dim); known: (products,) bool; returned: (products, dim)
    """
    lengths = z.norm(dim=1)
    stretch = lengths[known].mean() / lengths[~known].mean()
    # Not a number where there are none of either, or theirs are zeros.
    if not stretch.isfinite() or stretch <= 1:
        return z
    return torch.where(known.unsqueeze(1), z, stretch * z)


@dataclass(frozen=True)
class Step:
    """What one step of training asks: some questions, all of users of one fold.

    ``number`` tells it from all others: what is drawn of the graph goes by it.
    """

    past: Past
    questions: Questions
    which: IntArray
    fold: int
    number: int


def fit(
    train: Histories,
    knowledge: Knowledge,
    model_config: ModelConfig,
    config: TrainConfig,
    target_kind: int,
    device: torch.device,
    after_epoch: Callable[[int], None] | None = None,
    warm: WarmStart | None = None,
    checkpoints: Checkpoints | None = None,
    watch: Watch | None = None,
) -> Trained:
    """Train on histories; ``after_epoch`` is told 1 after each.

    With ``warm`` the training goes on from those weights, with questions of who is new to them;
    with ``checkpoints`` from where the same training was stopped. With ``watch`` it ends after
    ``patience`` epochs that were no better than the best, whose weights it comes to.

    Raises:
        ValueError: there is nothing to learn from.
        CannotContinue: the weights are of a model of another shape.
    """
    torch.manual_seed(config.seed)
    if warm is not None:
        config = continued(config)
    knowledge = knowledge.as_nodes(model_config.use_attributes, model_config.use_text)
    checkpoint, state = None, None
    if checkpoints is not None:
        decides = (train, knowledge, model_config, config, target_kind, device.type, warm, watch)
        checkpoint = checkpoints.of("fit", *decides)
        state = checkpoint.load()
    ended = has_ended(state)
    if ended:
        # What answers after training is all that is left to count.
        crossfit = CrossFit.of_everybody(train, knowledge, model_config, target_kind, device)
    else:
        # Of a graph that is sampled only parts of a step go to the device.
        of_graph = torch.device("cpu") if config.fanout else device
        crossfit = CrossFit.count(train, knowledge, model_config, config, target_kind, of_graph)
    trained = _untrained(train, knowledge, crossfit, model_config, target_kind, device, warm)
    if state is not None:
        trained.model.load_state_dict(state["model"])
        trained.curve += state["curve"]
        trained.best_epoch = best_epoch(state["values"])
    distributed.align(trained.model.state_dict().values())
    moving: Moving | None = None
    epochs = _epochs(train, crossfit.fold, config, target_kind, warm, len(trained.curve))
    while not ended:
        steps, began = next(epochs), time.monotonic()
        if moving is None:
            moving = _moving(trained, config, len(config.groups(steps)), state)
        loss = _epoch(trained, steps, crossfit, config, moving)
        value = None if watch is None else watch.value(trained.at(watch.task.latest))
        seconds = time.monotonic() - began
        ended = end_epoch(moving, loss, seconds, config, checkpoint, after_epoch, value)
        trained.best_epoch = best_epoch(moving.values)
    trained.model.eval()
    return trained


def _moving(trained: Trained, config: TrainConfig, moves: int, state: State | None) -> Moving:
    """All that moves, at its beginning or where it was stopped.

    The number of moves an epoch is a guess where the training goes on: the state has its own.
    """
    optimiser, schedule = _optimiser(trained.model, config, config.epochs * moves)
    rng = np.random.default_rng((config.seed, 1))
    moving = Moving(trained.model, optimiser, schedule, rng, trained.curve)
    if state is not None:
        moving.restore(state)
    return moving


def _epoch(
    trained: Trained, steps: list[Step], crossfit: CrossFit, config: TrainConfig, moving: Moving
) -> float:
    """Go through the steps once; the mean loss of the moves."""
    trained.model.train()
    groups = config.groups(steps)
    losses = [_move(trained, group, crossfit, config, moving) for group in groups]
    return distributed.total(float(np.mean(losses)))


def _move(
    trained: Trained, steps: Sequence[Step], crossfit: CrossFit, config: TrainConfig, moving: Moving
) -> float:
    """Move the weights once, by the mean over the questions of all steps and processes.

    Returns:
        What this process's questions add to that mean.
    """
    asked = max(1, sum(_asked(trained, step) for step in steps))
    moving.optimiser.zero_grad(set_to_none=True)
    loss = 0.0
    for step in steps:
        own = replace(step, which=step.which[distributed.own(len(step.which))])
        part = _loss(trained, own, crossfit, config, moving.rng) * (_asked(trained, own) / asked)
        part.backward()  # type: ignore[no-untyped-call]
        loss += part.item()
    distributed.add_gradients(trained.model.parameters())
    moving.optimiser.step()
    moving.schedule.step()
    return loss


def carry_over(
    histories: Histories,
    knowledge: Knowledge,
    model_config: ModelConfig,
    target_kind: int,
    weights: Mapping[str, Tensor],
) -> Trained:
    """A run's weights on a graph that has grown since, without any training.

    Products that are new have no id vector: their texts, attributes and relations speak for them.

    Raises:
        CannotContinue: the weights are of a model of another shape.
    """
    device = torch.device("cpu")
    knowledge = knowledge.as_nodes(model_config.use_attributes, model_config.use_text)
    warm = WarmStart(weights, np.zeros(len(histories), np.bool_))
    crossfit = CrossFit.of_everybody(histories, knowledge, model_config, target_kind, device)
    trained = _untrained(histories, knowledge, crossfit, model_config, target_kind, device, warm)
    trained.model.eval()
    return trained


def whitening(knowledge: Knowledge, dim: int) -> tuple[Tensor, Tensor]:
    """What puts text vectors on their leading principal axes, each of unit variance.

    Shapes:
        returned: (d,) what is taken off, (d, min(dim, d, products)) what the rest is multiplied
            with; no axes where there is no text
    """
    has_text = torch.from_numpy(knowledge.has_text)
    text = torch.from_numpy(knowledge.text)
    if not has_text.any() or text.shape[1] == 0:
        return torch.zeros(text.shape[1]), torch.zeros(text.shape[1], 0)
    centre = text[has_text].mean(0)
    _, scale, axes = torch.linalg.svd(text[has_text] - centre, full_matrices=False)
    rank = min(dim, int((scale > 1e-4 * scale[0]).sum())) if scale[0] > 0 else 1
    deviation = scale[:rank].clamp_min(1e-6) / max(1, int(has_text.sum())) ** 0.5
    return centre, axes[:rank].T / deviation


def _untrained(
    train: Histories,
    knowledge: Knowledge,
    crossfit: CrossFit,
    model_config: ModelConfig,
    target_kind: int,
    device: torch.device,
    warm: WarmStart | None = None,
) -> Trained:
    """The model before its first step, with the graph and the term of all users."""
    graph = {of: each.to(device) for of, each in crossfit.graphs[-1].items()}
    term = crossfit.terms[-1]
    has_text = torch.from_numpy(knowledge.has_text)
    if warm is None:
        centre, axes = whitening(knowledge, model_config.dim)
        meaning = {CENTRE: centre, AXES: axes}
    else:
        meaning = {name: warm.weights[name] for name in (CENTRE, AXES) if name in warm.weights}
    text = whiten_as(meaning, torch.from_numpy(knowledge.text), has_text)
    gathering = [name for _, name, target in graph if target == "product" and name != "has"]
    model = Recommender(
        train.num_products,
        0 if knowledge.attributes is None else knowledge.attributes.shape[1],
        text.shape[1],
        gathering,
        model_config,
        0 if term is None else len(term.relations),
    )
    if warm is not None:
        take_over(model, warm.weights, knowledge.attribute_keys)
    if knowledge.attribute_keys is not None:
        meaning[ATTRIBUTE_KEYS] = torch.from_numpy(knowledge.attribute_keys)
    model = model.to(device)
    trend = Trend(train, target_kind)
    known = np.bincount(train.product, minlength=train.num_products) > 0
    return Trained(
        model,
        graph,
        text.to(device),
        has_text.to(device),
        torch.from_numpy(known).to(device),
        trend,
        term,
        target_kind,
        meaning=meaning,
        balance=model_config.balance,
    )


def _epochs(
    train: Histories,
    fold: IntArray,
    config: TrainConfig,
    target_kind: int,
    warm: WarmStart | None = None,
    done: int = 0,
) -> Iterator[list[Step]]:
    """The steps of each epoch after ``done``; which questions share one, and in which order, is
    drawn anew.

    Raises:
        ValueError: nothing can be asked.
    """
    past = Past(train)
    if config.asks == "next":
        questions = ask(train, target_kind, config.horizon_days, config.lead_days, config.seed)
        if (train.time == NO_TIME).any():
            # Asked of nobody in particular at no time at all, a question teaches next to nothing.
            informed = questions.start > train.indptr[questions.row]
            questions = questions.take(informed | ~informed.any())
    for epoch in range(done, config.last):
        rng = np.random.default_rng((config.seed, epoch))
        if config.asks == "hidden":
            seen, questions = hide(train, target_kind, config.hidden, rng)
            past = Past(seen)
        if warm is not None:
            questions = questions.take(rehearsed(warm.changed[questions.row], rng))
        if not len(questions):
            raise ValueError("There is nothing to learn from: too few interactions to ask about")
        steps: list[Step] = []
        for fold_number in range(config.folds):
            of_fold = rng.permutation(np.flatnonzero(fold[questions.row] == fold_number))
            pieces = -(-len(of_fold) // config.queries)
            parts = np.array_split(of_fold, pieces) if pieces else []
            for part in parts:
                steps.append(Step(past, questions, part, fold_number, len(steps)))
        yield [steps[index] for index in rng.permutation(len(steps))]


def _optimiser(
    model: Recommender, config: TrainConfig, total: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    """Adam with a short warm-up and linear decay; the few weights that balance parts go faster."""
    gates = [model.trend, model.raw_gamma, *model.users.parameters()]
    rest = [p for p in model.parameters() if not any(p is gate for gate in gates)]
    rates = [config.learning_rate, config.learning_rate * config.gate_rate]
    optimiser = torch.optim.Adam(
        [{"params": rest}, {"params": gates}], lr=rates[0], weight_decay=config.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        rates,
        # An epoch of hidden products may have a step more than the first had.
        total_steps=total + config.epochs * config.folds + 1,
        pct_start=min(0.3, WARM_UP / (total + 1)),
        anneal_strategy="linear",
        cycle_momentum=False,
    )
    return optimiser, schedule


def _answers(trained: Trained, step: Step) -> tuple[IntArray, IntArray]:
    """Place within the step and product of each answer that could have been chosen by then."""
    place, product = step.questions.answers(step.which)
    if trained.trend.timed:
        now = step.questions.now[step.which]
        sold = trained.trend.first_sold[product] < now[place]
        place, product = place[sold], product[sold]
    return place, product


def _asked(trained: Trained, step: Step) -> int:
    """How many of a step's questions have an answer."""
    return len(np.unique(_answers(trained, step)[0]))


def _half_floats(device: torch.device) -> torch.autocast:
    """Dense products in bfloat16 where a GPU multiplies it in hardware; nothing on a CPU."""
    on = device.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.autocast(device.type, torch.bfloat16, enabled=on)


def _loss(
    trained: Trained,
    step: Step,
    crossfit: CrossFit,
    config: TrainConfig,
    rng: np.random.Generator,
) -> Tensor:
    """Mean over questions of the mean cross-entropy of their answers."""
    model, device, trend = trained.model, trained.text.device, trained.trend
    graph, term = crossfit.graphs[step.fold], crossfit.terms[step.fold]
    past, products = step.past, step.past.histories.num_products
    keep, keep_attribute = (
        ((torch.rand(rows, 1) >= config.dropout).float() / (1 - config.dropout)).to(device)
        for rows in (products, model.products.num_attributes)
    )
    now = step.questions.now[step.which]
    end = step.questions.start[step.which]
    begin = past.histories.indptr[step.questions.row[step.which]]
    history = past.batch(begin, end, now, model.config.history).to(device)
    question, product = _answers(trained, step)
    candidates = draw(products, config.negatives, config.all_up_to, rng)
    columns = candidates.columns
    chosen = slice(None) if columns is None else torch.from_numpy(columns)
    asked, answer = torch.from_numpy(question), torch.from_numpy(product)
    with _half_floats(device):
        named = [history.product, torch.arange(products)[chosen], answer]
        if config.fanout:
            z, named = _sampled(trained, step, graph, named, keep, keep_attribute, config)
        else:
            z = model.products(trained.text, trained.has_text, graph, keep, keep_attribute)
        users = model.users(z, replace(history, product=named[0]))
        logits, own = users @ z[named[1]].T, (users[asked] * z[named[2]]).sum(1)
    # From here on sums over many products: in whole floats, and in their place, since what is
    # large is bound by memory. What nobody could have chosen is not chosen against.
    logits, own = logits.float(), own.float()
    logits += (model.bias + NEVER * ~trained.known)[chosen]
    own = own + model.bias[answer]
    if trend.timed and model.config.use_recency:
        snapshots, when = trend.snapshots, trend.at(now)
        logits += snapshots[when][:, chosen].to(device) @ model.trend
        own = own + snapshots[when[asked], answer].to(device) @ model.trend
    if term is not None:
        says = term.histories(past, begin, end)
        logits = add_entries(logits, term.entries(says, columns), model.gamma())
        own = own + term.of_pairs(says, question, product).to(device) @ model.gamma()
    if trend.timed:
        unsold = torch.from_numpy(trend.unsold(now, columns))
        logits = logits.masked_fill_(unsold.to(device), NEVER)
    if config.new_only:
        had = past.had(begin, end, trained.target_kind)
        logits = never(logits, *candidates.places(*had))
    return cross_entropy(logits, own, question, product, candidates)


def _sampled(
    trained: Trained,
    step: Step,
    graph: Edges,
    named: Sequence[Tensor],
    keep: Tensor,
    keep_attribute: Tensor,
    config: TrainConfig,
) -> tuple[Tensor, list[Tensor]]:
    """The vectors of a step's products alone, and those that are named as rows of them.

    Shapes:
        named: (·,) int64 products each; keep: (products, 1); keep_attribute: (attributes, 1);
        returned: (rows, dim), (·,) each
    """
    rng = np.random.default_rng((config.seed, 3, len(trained.curve), step.number))
    needed = np.concatenate([products.cpu().numpy() for products in named])
    block = block_of(graph, needed, config.fanout, rng, keep.device)
    of = block.sources
    z = trained.model.products(
        trained.text[of],
        trained.has_text[of],
        block.graph,
        keep[of],
        keep_attribute,
        of,
        block.place,
    )
    return z, [block.at(products.to(keep.device)) for products in named]
