"""Learning on sets alone: who had what, with neither order nor times to go by.

Three parts, each scaled so that the twenty best scores of a user average one, then mixed in fixed
shares: learned vectors v_j that start from the graph's smooth directions; those directions
themselves (the ideal low-pass filter of GF-CF, Shen et al., 2021); and sparse edges, the linear
weights of each product's nearest. The shares are not chosen on a hold-out: a random one favours
what is learned far beyond what later behaviour bears out, so that a conservative mix is the safer
choice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from gnn import distributed
from gnn.baselines.ease import MAX_PRODUCTS, ease_weights
from gnn.baselines.transition_knn import transitions
from gnn.behaviour import kind_weights, positives, user_matrix
from gnn.checkpoints import Checkpoint, Checkpoints, Moving, end_epoch, has_ended
from gnn.config import ModelConfig, TrainConfig
from gnn.histories import Histories, IntArray
from gnn.inference import VectorRecommender
from gnn.linear import (
    scale_both,
    scale_rows,
    strongest,
    strongest_entries,
    strongest_rows,
    truncated_svd,
    unit_rows,
)
from gnn.model import SetEncoder
from gnn.neighbours import NeighbourTerm, Relation
from gnn.questions import Past
from gnn.recommender import FloatArray
from gnn.sparse_linear import sparse_weights
from gnn.warm import CannotContinue, WarmStart, continued, rehearsed

#: How the learned vectors, the smooth directions and the edges count.
SHARES = (1.0, 0.5)
EDGES_SHARE = 0.5

#: How each relation counts that several kinds of behaviour give.
KINDS_SHARE = 0.6

#: The strongest neighbours kept of a product.
NEIGHBOURS = 100

#: The ridge penalty of the linear weights, and the entries kept of a product there.
PENALTY = 300.0
WIDE = 300

#: Linear weights of a product's edges: users count by how much they did to this power, a product
#: is told from so many that are most like it, and the penalty is so many times a product's own sum.
EDGE_ACTIVITY = -0.25
EDGE_SOURCES = 60
EDGE_PENALTY = 1.0

#: An edge says more of a popular product: times its degree to this power.
EDGE_POPULARITY = 0.5

#: Cosines are divided by it in the softmax.
TEMPERATURE = 0.08

#: Users of before that are asked again for every one who did something new: few, since of those
#: who did all they ever had is asked.
REPLAY = 0.1

#: Users on whom the parts' scales are measured.
SCALE_USERS = 500


@dataclass(frozen=True)
class SpectralModel:
    """The vectors and edges, ready to answer; ``curve`` holds a loss an epoch."""

    recommender: VectorRecommender
    curve: list[float] = field(default_factory=list)

    def at(self, now: int) -> VectorRecommender:
        """The same at every moment: nothing here has a time."""
        return self.recommender


@dataclass(frozen=True)
class Directions:
    """The directions of R̃ = D_u^-½ R D_i^-½, and what its products weigh in a history.

    Shapes:
        products: (products, rank), V √s √d, where learning starts; smooth: (products, rank), V √d
        degree: (products,), at least 1
    """

    products: FloatArray
    smooth: FloatArray
    degree: FloatArray


def fit_spectral(
    train: Histories,
    model_config: ModelConfig,
    config: TrainConfig,
    target_kind: int,
    device: torch.device,
    after_epoch: Callable[[int], None] | None = None,
    warm: WarmStart | None = None,
    checkpoints: Checkpoints | None = None,
) -> SpectralModel:
    """Train on sets; ``after_epoch`` is told 1 after each.

    With ``warm`` directions and learned vectors go on from those weights, and only who is new to
    them is trained on, with some of the others; scales and edges are counted anew. With
    ``checkpoints`` the learning goes on from where the same one was stopped.

    Raises:
        ValueError: there is nothing to learn from.
        CannotContinue: the weights are of a model of another shape.
    """
    had = user_matrix(train, "graded", target_kind)
    active = np.diff(had.indptr) > 0
    had = had[active]
    if had.nnz == 0:
        raise ValueError("There is nothing to learn from: no user has an interaction")
    had.data[:] = 1.0
    checkpoint = None
    if checkpoints is not None:
        decides = (train, model_config, config, target_kind, device.type, warm)
        checkpoint = checkpoints.of("fit_spectral", *decides)
    rank = max(model_config.dim, model_config.spectral)
    former = None if warm is None else _former(warm.weights, had.shape[1], model_config)
    directions = _directions(had, rank, config.seed, former)
    start, rows = _start(directions, model_config, config), had
    if warm is not None and former is not None:
        config = continued(config)
        start = _placed(former.learned, had, directions.degree)
        rng = np.random.default_rng((config.seed, 2))
        rows = had[rehearsed(warm.changed[active], rng, REPLAY)]
    learned, curve = _learn(rows, start, directions, config, device, after_epoch, checkpoint)
    z, encoder = _encoder(learned, directions, model_config, target_kind)
    encoder = _balanced(encoder, z, had)
    term = None
    if model_config.use_neighbours:
        kept = None
        if former is not None:
            kept = _kept_edges(former, directions.degree)
        term = _edges(train, had, directions.degree, target_kind, kept)
    state = {f"users.{name}": value for name, value in encoder.state_dict().items()}
    bias = torch.zeros(len(z))
    recommender = VectorRecommender(encoder, z, bias, model_config.history, term, state)
    return SpectralModel(recommender, curve)


@dataclass(frozen=True)
class Former:
    """What a run's weights say of the products of today, zeros for those it did not know.

    Shapes:
        learned: (products, dim), x_i; smooth: (products, rank), the singular vectors
        degree: (products,), how many users had each, at least 1
        edges: (products, products), what a product leads to
    """

    learned: FloatArray
    smooth: FloatArray
    degree: FloatArray
    edges: sp.csr_array


def _former(weights: Mapping[str, Tensor], products: int, config: ModelConfig) -> Former:
    """Read x_i and V off the vectors [x / ‖x‖, V √d] and the weights d^-½ ‖x‖ and 1 / d.

    Raises:
        CannotContinue: the run had no such vectors, or of other sizes.
    """
    z, own = weights["product_vectors"].numpy(), weights["users.products"].numpy()
    rank = z.shape[1] - config.dim
    if len(own) != 2 or rank < 1 or len(z) > products:
        raise CannotContinue("the live run's vectors are of other parts than these settings have")
    degree = 1.0 / own[1][:, None]
    learned = np.zeros((products, config.dim), np.float32)
    smooth = np.zeros((products, rank), np.float32)
    learned[: len(z)] = z[:, : config.dim] * own[0][:, None] * np.sqrt(degree)
    smooth[: len(z)] = z[:, config.dim :] / np.sqrt(degree)
    had = np.zeros(products, np.float32)
    had[: len(z)] = np.rint(degree[:, 0])
    return Former(learned, smooth, had, _edges_of(weights, products))


def _edges_of(weights: Mapping[str, Tensor], products: int) -> sp.csr_array:
    """The edges of a run in a graph that has grown; none where it had none."""
    value, at = np.zeros(0, np.float32), (np.zeros(0, np.int64), np.zeros(0, np.int64))
    if "neighbours.gamma" in weights:
        edges = NeighbourTerm.from_tensors(weights).relations[0].matrix.tocoo()
        value, at = edges.data, (edges.row.astype(np.int64), edges.col.astype(np.int64))
    return sp.csr_array((value, at), shape=(products, products))


@dataclass(frozen=True)
class Kept:
    """Edges that stay as they were, and the products that need new ones.

    Shapes:
        edges: (products, products), none to the products of ``targets``; targets: (some,) int64
    """

    edges: sp.csr_array
    targets: IntArray


def _kept_edges(former: Former, degree: FloatArray) -> Kept:
    """What leads to products that as many users have as before stays.

    What such a user had besides has changed a little for each of their products; counting that
    anew as well would touch nearly all products, since who does something new has a long history.
    """
    stays = degree == former.degree
    edges = sp.csr_array(former.edges @ sp.diags_array(stays.astype(np.float32)))
    return Kept(edges, np.flatnonzero(~stays).astype(np.int64))


def _placed(learned: FloatArray, had: sp.csr_array, degree: FloatArray) -> FloatArray:
    """The learned vectors; products that have none yet get the mean of who had them."""
    length = np.linalg.norm(learned, axis=1)
    new = length == 0
    if new.any() and not new.all():
        users = had @ (learned * degree[:, None] ** -0.5)
        users /= np.maximum(np.linalg.norm(users, axis=1, keepdims=True), 1e-12)
        mean = sp.csr_array(had[:, new].T) @ users
        mean /= np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-12)
        learned = learned.copy()
        learned[new] = mean * np.median(length[~new])
    return learned


def _directions(
    had: sp.csr_array, rank: int, seed: int, former: Former | None = None
) -> Directions:
    degree = np.maximum(had.sum(axis=0), 1).astype(np.float32)
    scaled = scale_both(had)
    if former is None:
        _, values, right = truncated_svd(scaled, rank, seed)
    else:
        _, values, right = truncated_svd(scaled, rank, seed, iterations=0, near=former.smooth)
    root = np.sqrt(degree)[:, None]
    return Directions(right * np.sqrt(values) * root, right * root, degree)


def _start(directions: Directions, model_config: ModelConfig, config: TrainConfig) -> FloatArray:
    """Where x begins: the graph's smooth directions, or anywhere where they are left out."""
    start = directions.products[:, : model_config.dim]
    if model_config.use_propagation:
        return start
    rng = np.random.default_rng(config.seed)
    return rng.normal(0, start.std(), start.shape).astype(np.float32)


def _learn(
    had: sp.csr_array,
    start: FloatArray,
    directions: Directions,
    config: TrainConfig,
    device: torch.device,
    after_epoch: Callable[[int], None] | None,
    checkpoint: Checkpoint | None = None,
) -> tuple[FloatArray, list[float]]:
    """x_i, so that from half of a user's products, norm(Σ d_i^-½ x_i), all are found.

    Shapes:
        returned: (products, dim)
    """
    torch.manual_seed(config.seed)
    model = nn.ParameterDict({"x": torch.from_numpy(start.copy()).to(device)})
    x = model["x"]
    weight = torch.from_numpy(directions.degree**-0.5).to(device)
    optimiser = torch.optim.Adam([x], lr=config.learning_rate, betas=(0.9, 0.99))
    rng = np.random.default_rng((config.seed, 1))
    batches = -(-had.shape[0] // config.queries)
    moves = config.epochs * -(-batches // config.accumulate)
    decay = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.0, moves)
    room = (-(-had.shape[0] // batches), had.shape[1])
    buffer = torch.empty(room, dtype=_fast_type(device), device=device)
    moving = Moving(model, optimiser, decay, rng, curve=[])
    state = None if checkpoint is None else checkpoint.load()
    if state is not None:
        model.load_state_dict(state["model"])
        moving.curve += state["curve"]
        if not has_ended(state):
            moving.restore(state)
    distributed.align([x])
    for _ in range(len(moving.curve), config.last):
        began = time.monotonic()
        parts = np.array_split(rng.permutation(had.shape[0]), batches)
        losses = [
            _move(x, weight, [had[rows] for rows in group], config.hidden, buffer, moving)
            for group in config.groups(parts)
        ]
        loss = distributed.total(float(np.mean(losses)))
        seconds = time.monotonic() - began
        end_epoch(moving, loss, seconds, config, checkpoint, after_epoch)
    learned: FloatArray = x.detach().cpu().numpy()
    return learned, moving.curve


def _move(
    x: nn.Parameter,
    weight: Tensor,
    parts: Sequence[sp.csr_array],
    hidden: float,
    buffer: Tensor,
    moving: Moving,
) -> float:
    """Move x once, by the mean over the answers of all parts and processes.

    Shapes:
        parts: (users, products) each
        returned: what this process's answers add to that mean
    """
    answers = sum(part.nnz for part in parts)
    moving.optimiser.zero_grad(set_to_none=True)
    loss = 0.0
    for part in parts:
        kept = moving.rng.random(part.nnz) >= hidden
        users = distributed.own(part.shape[0])
        entries = slice(part.indptr[users.start], part.indptr[users.stop])
        own = part[users]
        if own.nnz:
            of_part = _loss(x, weight, own, kept[entries], buffer) * (own.nnz / answers)
            of_part.backward()  # type: ignore[no-untyped-call]
            loss += of_part.item()
    distributed.add_gradients([x])
    moving.optimiser.step()
    moving.schedule.step()
    return loss


def _loss(
    x: nn.Parameter,
    weight: Tensor,
    had: sp.csr_array,
    kept: npt.NDArray[np.bool_],
    buffer: Tensor,
) -> Tensor:
    """Mean cross-entropy of all that users had, given the part of it that is kept.

    Shapes:
        had: (users, products); kept: (entries of had,)
    """
    row, product = (of.astype(np.int64) for of in had.tocoo().coords)
    counts = np.bincount(row[kept], minlength=had.shape[0])
    offsets, left, asked, answer = (
        torch.from_numpy(of).to(x.device)
        for of in (np.cumsum(counts) - counts, product[kept], row, product)
    )
    pooled = F.embedding_bag(left, x, offsets, mode="sum", per_sample_weights=weight[left])
    users, products = F.normalize(pooled, dim=1), F.normalize(x, dim=1)
    loss: Tensor = FullSoftmax.apply(users, products, asked, answer, buffer)
    return loss


class FullSoftmax(torch.autograd.Function):
    """−mean over answers of ln softmax(u·v / τ) over all products, gradient and all in one buffer.

    Cosines are at most 1, so that e^(1/τ) needs no shifting by the largest. The products are of
    the buffer's type, sums over them are float32.

    Shapes:
        users: (users, dim); products: (products, dim), both of unit length
        row, product: (answers,) int64, none twice
        buffer: (at least users, products), is overwritten
    """

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx,
        users: Tensor,
        products: Tensor,
        row: Tensor,
        product: Tensor,
        buffer: Tensor,
    ) -> Tensor:
        u, v = (users / TEMPERATURE).to(buffer.dtype), products.to(buffer.dtype)
        scores = torch.mm(u, v.T, out=buffer[: len(u)])
        found = scores[row, product].float().sum()
        scores.exp_()
        total = scores.sum(1, dtype=torch.float32)
        answers = torch.bincount(row, minlength=len(u))
        loss = ((answers * total.log()).sum() - found) / len(row)
        # From here on the buffer holds the gradient: expected answers less those there are.
        scores.mul_((answers / total).to(buffer.dtype).unsqueeze(1))
        minus = torch.full_like(row, -1, dtype=buffer.dtype)
        scores.view(-1).index_add_(0, row * scores.shape[1] + product, minus)
        of_users = (scores @ v).float() / (len(row) * TEMPERATURE)
        ctx.save_for_backward(of_users, (scores.T @ u).float() / len(row))
        return loss

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, gradient: Tensor
    ) -> tuple[Tensor, Tensor, None, None, None]:
        users, products = ctx.saved_tensors  # type: ignore[attr-defined]
        return gradient * users, gradient * products, None, None, None


def _fast_type(device: torch.device) -> torch.dtype:
    """bfloat16 where the machine multiplies it in hardware, five times as fast on two cores."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    in_hardware = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if in_hardware else torch.float32


def _encoder(
    learned: FloatArray, directions: Directions, config: ModelConfig, target_kind: int
) -> tuple[Tensor, SetEncoder]:
    """Product vectors [v, V √d], and what each product weighs in a history: d^-½ ‖x‖ and 1 / d."""
    length = np.maximum(np.linalg.norm(learned, axis=1), 1e-12)
    blocks = [learned / length[:, None]]
    weights = [directions.degree**-0.5 * length]
    if config.use_propagation:
        blocks.append(directions.smooth[:, : config.spectral])
        weights.append(1.0 / directions.degree)
    encoder = SetEncoder(len(learned), [block.shape[1] for block in blocks])
    encoder.products.copy_(torch.from_numpy(np.stack(weights)))
    encoder.kinds.copy_(torch.from_numpy(kind_weights("graded", target_kind)))
    return torch.from_numpy(np.concatenate(blocks, 1).astype(np.float32)), encoder


def _sample(rows: int) -> IntArray:
    drawn = np.random.default_rng(0).choice(rows, min(SCALE_USERS, rows), replace=False)
    return np.sort(drawn).astype(np.int64)


@torch.inference_mode()
def _balanced(encoder: SetEncoder, z: Tensor, had: sp.csr_array) -> SetEncoder:
    """The encoder, each block scaled so that a user's twenty best scores average its share."""
    by_length = scale_rows(had[_sample(had.shape[0])], -0.5)
    first = 0
    for part, (size, share) in enumerate(zip(encoder.sizes, SHARES, strict=False)):
        block = z[:, first : first + size]
        weighted = by_length @ sp.diags_array(encoder.products[part].numpy())
        pooled = torch.from_numpy((weighted @ block.numpy()).astype(np.float32))
        users = F.normalize(pooled, dim=1) if part == 0 else pooled
        encoder.scale[part] = share / _twenty_best(users @ block.T)
        first += size
    return encoder


def _edges(
    train: Histories,
    had: sp.csr_array,
    degree: FloatArray,
    target_kind: int,
    kept: Kept | None,
) -> NeighbourTerm:
    """The sparse term, each relation scaled so that a user's twenty best average its share."""
    graded = kind_weights("graded", target_kind)
    leads = _linear_edges(had, degree, kept)
    relations = [Relation(leads, 0.0, graded, linear=True, by_length=0.5)]
    shares = [EDGES_SHARE]
    if (train.kind != target_kind).any():
        several = _of_several_kinds(train, target_kind)
        relations += several
        shares += [KINDS_SHARE] * len(several)
    active = train.take(np.flatnonzero(train.lengths).astype(np.int64))
    past = Past(active.take(_sample(len(active))))
    ends = past.histories.indptr
    best = [
        _twenty_best(
            torch.from_numpy((r.histories(past, ends[:-1], ends[1:]) @ r.matrix).toarray())
        )
        for r in relations
    ]
    return NeighbourTerm(tuple(relations)).weighted(torch.tensor(shares) / torch.tensor(best))


def _linear_edges(had: sp.csr_array, degree: FloatArray, kept: Kept | None) -> sp.csr_array:
    """What predicts each product best, linearly, of those most like it.

    Columns of D_u^-¼ R D_i^-½ are told from one another by ridge regression. Plain likeness counts
    over and over what like products say in common: with it, the whole had 3 to 7 % less NDCG@20
    on three kinds of hold-out (Gowalla: random, of popular products, of popular and like ones).

    Shapes:
        had: (users, products); degree: (products,); returned: (products, products), at most
            ``NEIGHBOURS`` a row
    """
    users = sp.diags_array(np.diff(had.indptr).astype(np.float32) ** EDGE_ACTIVITY)
    scaled = sp.csr_array((users @ had @ sp.diags_array(degree**-0.5)).astype(np.float32))
    own = np.asarray(scaled.multiply(scaled).sum(axis=0)).ravel()
    targets = None if kept is None else kept.targets
    weights = sparse_weights(scaled, EDGE_SOURCES, EDGE_PENALTY * float(own.mean()), targets)
    popular = sp.diags_array((degree**EDGE_POPULARITY).astype(np.float32))
    edges = sp.csr_array(weights @ popular)
    return strongest_entries(edges if kept is None else edges + kept.edges, NEIGHBOURS)


def _of_several_kinds(train: Histories, target_kind: int) -> list[Relation]:
    """What each kind of behaviour says of every other: three views that err differently.

    What users alike did (user-kNN over all users, as products), what was done shortly before or
    after, and for shops of moderate size what predicts best linearly (EASE, Steck, 2019).
    """
    graded, equal = (kind_weights(kinds, target_kind) for kinds in ("graded", "equal"))
    did = user_matrix(train, "graded", target_kind)
    alike = strongest(sp.csr_array(did.T), unit_rows(did), WIDE, skip_diagonal=False)
    follows = transitions(positives(train, "equal", target_kind), 30, 0.5)
    around = scale_rows(sp.csr_array(follows + follows.T), -0.5)
    relations = [
        Relation(alike, 0.0, graded, linear=True),
        Relation(around, 0.25, equal, linear=True),
    ]
    if train.num_products <= MAX_PRODUCTS:
        weights = strongest_rows(iter([ease_weights(did, PENALTY)]), WIDE)
        relations.append(Relation(weights, 0.5, graded, linear=True))
    return relations


def _twenty_best(scores: Tensor) -> float:
    """The mean of each row's twenty best scores, averaged over rows."""
    best = torch.topk(scores, min(20, scores.shape[1]), dim=1).values
    return max(float(best.mean()), 1e-12)
