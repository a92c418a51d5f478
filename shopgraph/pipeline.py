"""The steps of the main job, each from graph to graph: embed, train, evaluate, publish."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryFile

import torch

from gnn import distributed, runs
from gnn.checkpoints import Checkpoints
from gnn.choice import GnnChoice, Settings, choose_gnn, fit_settings, settings_for
from gnn.evaluation import evaluate
from gnn.histories import Histories
from gnn.inference import VectorRecommender
from gnn.protocols import forward, leave_one_out, random
from gnn.protocols.task import Split
from gnn.tensors import histories_of, is_ordered, knowledge_of, target_kind_of
from gnn.text import DEFAULT_MODEL, TextEncoder, compose, text_hash
from kg.connection import Graph
from kg.errors import UnknownRun
from kg.publish import read_live_run
from kg.read import ShopTensors, read_newest_event, read_tensors
from kg.records import KINDS, NO_TIME
from kg.vectors import (
    clear_text_vectors,
    ensure_vector_index,
    read_past_texts,
    read_product_texts,
    write_past_text_vectors,
    write_text_vectors,
)
from shopgraph.progress import progress

log = logging.getLogger(__name__)

#: Days of each of the two stretches, test and validation, before a cutoff; shorter for young shops.
STRETCH_DAYS = 28.0

#: The share of all time that a stretch takes at most.
STRETCH_SHARE = 0.15


@dataclass(frozen=True)
class EmbedReport:
    """How many products' texts were encoded, and how many had not changed.

    ``former`` are texts of the past, encoded for readers as of a time.
    """

    model: str
    encoded: int
    unchanged: int
    without_text: int
    former: int
    seconds: float


def pick_device(name: str) -> torch.device:
    """``auto`` takes a GPU where there is one.

    Raises:
        ValueError: there is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name not in ("cpu", "cuda"):
        raise ValueError(f"No device {name!r}: auto, cpu or cuda")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("There is no CUDA device here")
    return torch.device(name)


def embed(graph: Graph, model: str = DEFAULT_MODEL, device: str = "auto") -> EmbedReport:
    """Encode the texts that lack a vector of this model or have changed.

    Raises:
        ValueError: the model cannot be had.
    """
    started = time.monotonic()
    pending: list[tuple[int, str, str]] = []
    unchanged = empty = 0
    cleared: list[tuple[int, str]] = []
    for product in read_product_texts(graph):
        text = compose(product)
        digest = text_hash(text)
        if product.text_hash == digest and product.text_model == model:
            unchanged += 1
        elif text:
            pending.append((product.idx, text, digest))
        else:
            cleared.append((product.idx, digest))
    if cleared:
        idx, hashes = zip(*cleared, strict=True)
        clear_text_vectors(graph, idx, hashes, model)
        empty = len(cleared)
    if pending:
        encoder = TextEncoder(model, pick_device(device))
        # In blocks, so that a stop loses little; within one, texts of like length share a batch.
        block = 2_000
        with progress("encoding", len(pending), "text") as advance:
            for start in range(0, len(pending), block):
                rows, texts, hashes = zip(*pending[start : start + block], strict=True)
                vectors = encoder.encode(texts, progress=advance)
                if start + block >= len(pending):
                    # A new index is faster to fill at once, and to search afterwards. Before the
                    # last block is there: whoever was stopped goes on and comes by here, too.
                    ensure_vector_index(graph, "text", encoder.dimensions)
                write_text_vectors(graph, rows, vectors, hashes, model)
    former = _embed_former(graph, model, device)
    seconds = time.monotonic() - started
    return EmbedReport(model, len(pending), unchanged, empty, former, seconds)


def _embed_former(graph: Graph, model: str, device: str) -> int:
    """Encode what products said of themselves before, where it differs from what they say now."""
    same: list[tuple[str, str]] = []
    pending: list[tuple[str, str, str]] = []
    for past in read_past_texts(graph):
        text = compose(past.text)
        digest = text_hash(text)
        needed = bool(text) and digest != past.current_hash
        fresh = past.text.text_hash == digest and past.text.text_model == model
        if fresh and past.has_vector == needed:
            continue
        if needed:
            pending.append((past.facts_id, text, digest))
        else:
            same.append((past.facts_id, digest))
    if same:
        ids, hashes = zip(*same, strict=True)
        write_past_text_vectors(graph, ids, [None] * len(ids), hashes, model)
    if pending:
        encoder = TextEncoder(model, pick_device(device))
        block = 2_000
        with progress("encoding former texts", len(pending), "text") as advance:
            for start in range(0, len(pending), block):
                ids, texts, hashes = zip(*pending[start : start + block], strict=True)
                vectors = [*encoder.encode(texts, progress=advance)]
                write_past_text_vectors(graph, ids, vectors, hashes, model)
    return len(pending)


def read_texts(graph: Graph, num_products: int) -> list[str]:
    """The text of every product as it is embedded, by tensor row; empty where there is none."""
    texts = {product.idx: compose(product) for product in read_product_texts(graph)}
    return [texts.get(row, "") for row in range(num_products)]


def default_split(
    histories: Histories, target_kind: int, cutoff_ms: int | None, ordered: bool
) -> Split | None:
    """The split of a run: forward in time, else by position, else at random, else none at all.

    ``cutoff_ms`` None stands for data without times, ``ordered`` for an order by position. A shop
    too young or too small for one protocol gets the next.
    """
    if cutoff_ms is not None and (histories.time != NO_TIME).all():
        span = (cutoff_ms - int(histories.time.min())) / forward.DAY_MS
        days = min(STRETCH_DAYS, STRETCH_SHARE * span)
        try:
            start = cutoff_ms - round(days * forward.DAY_MS)
            return forward.split(histories, start, target_kind, days)
        except ValueError as error:
            log.info("no forward split: %s", error)
    splits = (leave_one_out.split, random.split) if ordered else (random.split,)
    for split in splits:
        try:
            return split(histories, target_kind)
        except ValueError as error:
            log.info("no split: %s", error)
    return None


def train(
    graph: Graph,
    folder: Path,
    until: datetime | None = None,
    budget_seconds: float = 600.0,
    device: str = "auto",
    grid: Sequence[Settings] | None = None,
    checkpoints: Checkpoints | None = None,
) -> runs.Run:
    """Choose settings on validation, look at the test once, refit on everything before ``until``.

    With ``checkpoints`` a job that was stopped goes on from there, if nothing has changed since.
    Where several processes train, this is for the first; ``help_train`` is for the others.

    Raises:
        ValueError: there is nothing to learn from.
        OSError: the run could not be kept in ``folder``.
    """
    started = time.monotonic()
    on = pick_device(device)
    # A folder that cannot be written is told now, not after the training.
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryFile(dir=folder):
        pass
    if until is None:
        newest = read_newest_event(graph)
        until = None if newest is None else newest + timedelta(milliseconds=1)
    with progress("reading events") as advance:
        tensors = read_tensors(graph, until, advance)
    distributed.agreed((tensors, until, grid, budget_seconds))
    learned = learn(tensors, until, on, grid, budget_seconds, checkpoints)
    # Unlike the seconds of the training alone, with what was read.
    run = replace(
        learned.run,
        seconds=time.monotonic() - started,
        bookmark_ms=graph.read("read/newest_load")[0]["newest_ms"],
    )
    runs.save_run(folder, run, learned.recommender, tensors.user_ids, tensors.product_ids)
    if checkpoints is not None:
        checkpoints.clear()
    return run


def help_train(device: str, checkpoints: Checkpoints) -> None:
    """Take a share of what the first process trains, which alone reads the graph and writes."""
    nothing: tuple[ShopTensors, datetime | None, Sequence[Settings] | None, float] | None = None
    tensors, until, grid, budget_seconds = distributed.agreed(nothing)
    learn(tensors, until, pick_device(device), grid, budget_seconds, checkpoints)


@dataclass(frozen=True)
class Learned:
    """A run that is not kept yet, and what it was measured by, where there was enough for that."""

    run: runs.Run
    recommender: VectorRecommender
    split: Split | None
    choice: GnnChoice | None


def learn(
    tensors: ShopTensors,
    until: datetime | None,
    on: torch.device,
    grid: Sequence[Settings] | None,
    budget_seconds: float,
    checkpoints: Checkpoints | None = None,
) -> Learned:
    """Choose settings on validation, look at the test once, refit on everything read.

    Raises:
        ValueError: there is nothing to learn from.
    """
    started = time.monotonic()
    histories = histories_of(tensors.data)
    target = target_kind_of(histories)
    knowledge = knowledge_of(tensors.data)
    now = NO_TIME if until is None else round(until.timestamp() * 1000)
    cutoff_ms = None if until is None else now
    ordered = is_ordered(tensors.data)
    split = default_split(histories, target, cutoff_ms, ordered)
    choice: GnnChoice | None = None
    settings = (grid or settings_for(histories, ordered))[0]
    metrics, counts = {}, {}
    with progress("training", unit="epoch") as advance:
        if split is None:
            log.warning("too few interactions for a held-out test: this run has no metrics")
        else:
            choice = choose_gnn(
                split, knowledge, target, on, grid, budget_seconds, advance, checkpoints
            )
            settings = choice.settings
            metrics = measure(choice, split)
            counts = split.counts
            log.info("test: %s", metrics)
        trained = fit_settings(
            histories, knowledge, settings, target, on, advance, None, checkpoints
        )
    run = runs.Run(
        run_id=runs.new_run_id(datetime.now(UTC)),
        created_at=datetime.now(UTC).isoformat(),
        cutoff=None if until is None else until.isoformat(),
        protocol="none" if split is None else split.protocol,
        target_kind=KINDS[target],
        model=settings.model,
        training=settings.training,
        metrics=metrics,
        validation=[] if choice is None else [asdict(trial) for trial in choice.trials],
        counts=counts | sizes_of(histories),
        seconds=time.monotonic() - started,
        peak_mb=0.0 if choice is None else choice.peak_mb,
        device=on.type,
        versions=runs.versions(),
        curve=trained.curve,
    )
    return Learned(run, trained.at(now), split, choice)


def sizes_of(histories: Histories) -> dict[str, int]:
    """The rows and events that a run was trained on."""
    return {
        "users": len(histories),
        "products": histories.num_products,
        "events": histories.num_events,
    }


def measure(choice: GnnChoice, split: Split) -> dict[str, float]:
    """A chosen model's metrics on the test, with the seconds and memory it took."""
    measured = evaluate(choice.recommender, split.test).reported()
    return measured | {"seconds": choice.seconds, "peak_mb": choice.peak_mb}


def resolve_run(graph: Graph | None, folder: Path, name: str) -> runs.Run:
    """A run by id, ``latest`` or ``live``.

    Raises:
        UnknownRun: there is none.
    """
    run_id: str | None = name
    if name == "latest":
        run_id = next(iter(runs.list_runs(folder)), None)
    elif name == "live":
        run_id = None if graph is None else read_live_run(graph)
    if run_id is None:
        raise UnknownRun(f"There is no {name} run yet: train, then publish one")
    try:
        return runs.load_run(folder, run_id)
    except runs.UnknownRunFolder as error:
        raise UnknownRun(str(error)) from error
