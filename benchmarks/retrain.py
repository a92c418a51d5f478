"""Retraining when a random share of the pairs arrives: going on from a run, beside all anew."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import numpy as np
import pandas as pd
import torch
import typer

from benchmarks.measured import DEFAULT_DATA, AsJson, Data, Measured
from benchmarks.published import Part, Published, load_split, read_split, split_of
from benchmarks.store import temporary_store
from gnn import runs
from gnn.choice import Settings, fit_settings, settings_for
from gnn.evaluation import evaluate
from gnn.inference import VectorRecommender
from gnn.tensors import histories_of, is_ordered, knowledge_of, target_kind_of
from ingestion.load import load
from kg.connection import Graph
from kg.read import ShopTensors, read_tensors
from kg.records import KINDS, NO_TIME
from shopgraph import pipeline, publishing
from shopgraph.gate import GateSettings
from shopgraph.progress import progress
from shopgraph.retraining import RetrainSettings
from shopgraph.retraining import retrain as retrain_shop
from shopgraph.workspace import Workspace

log = logging.getLogger(__name__)

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

CPU = torch.device("cpu")

#: Parts of the job that count as its cost; the gate and publishing are rows of their own.
COST = ("read", "embed", "train")


@app.command(epilog="Example: shopgraph benchmark retrain ../shared/data/gowalla --json")
def retrain(
    path: Data = DEFAULT_DATA,
    share: Annotated[float, typer.Option(help="Of the pairs that arrives.")] = 0.01,
    epochs: Annotated[int | None, typer.Option(help="Of the full training; fewer to try.")] = None,
    as_json: AsJson = False,
) -> None:
    """Train on most pairs of train.txt, let the rest arrive, and retrain both ways.

    Quality is that of test.txt. The job is the program's own: what ``shopgraph retrain`` does.
    """
    if not 0 < share < 1:
        raise typer.BadParameter(f"--share must lie between 0 and 1 (got {share})")
    split = read_split(path)
    if split.valid is not None:
        raise typer.BadParameter(f"{path} holds windows: train.txt and test.txt are needed")
    first, late = divide(split.train, share)
    told = Measured("retrain")
    with temporary_store() as (workspace, graph):
        with progress("loading") as advance:
            scratch = workspace.home / "tables"
            whole = replace(split, train=first)
            load_split(graph, whole, "purchase", scratch, workspace.rejects, advance)
        pipeline.embed(graph, device="cpu")
        settings = begin(graph, workspace, epochs)
        arrive(graph, workspace, late)
        delta = go_on(told, graph, workspace)
        full = all_anew(told, graph, settings)
        measure(told, graph, split, {"delta": delta, "full": full})
    told.tell(as_json)


def divide(train: Part, share: float) -> tuple[Part, Part]:
    """A random share of the pairs, none of them a user's only one, and the others."""
    rng = np.random.default_rng(0)
    kept, late = [], []
    for history in train.histories:
        chosen = rng.random(len(history)) < share
        chosen[0] = False
        kept.append([p for p, is_late in zip(history, chosen, strict=True) if not is_late])
        late.append([p for p, is_late in zip(history, chosen, strict=True) if is_late])
    return Part(train.users, kept, []), Part(train.users, late, [])


def begin(graph: Graph, workspace: Workspace, epochs: int | None) -> Settings:
    """The run that is live when the pairs arrive."""
    tensors = read_tensors(graph, None, cache=workspace.cache)
    histories = histories_of(tensors.data)
    settings = settings_for(histories, is_ordered(tensors.data))[0]
    if epochs is not None:
        settings = replace(settings, training=replace(settings.training, epochs=epochs))
    recommender, _ = fit(tensors, settings)
    now = datetime.now(UTC)
    run = runs.Run(
        run_id=runs.new_run_id(now),
        created_at=now.isoformat(),
        cutoff=None,
        protocol="none",
        target_kind=KINDS[target_kind_of(histories)],
        model=settings.model,
        training=settings.training,
        metrics={},
        validation=[],
        counts=pipeline.sizes_of(histories),
        seconds=0.0,
        peak_mb=0.0,
        device="cpu",
        versions=runs.versions(),
        bookmark_ms=graph.read("read/newest_load")[0]["newest_ms"],
    )
    runs.save_run(workspace.runs, run, recommender, tensors.user_ids, tensors.product_ids)
    publishing.publish_run(graph, workspace.runs, run, cache=workspace.cache)
    return settings


def fit(tensors: ShopTensors, settings: Settings) -> tuple[VectorRecommender, float]:
    """The training from the beginning, and its seconds."""
    histories = histories_of(tensors.data)
    started = time.perf_counter()
    with progress("training", unit="epoch") as advance:
        trained = fit_settings(
            histories,
            knowledge_of(tensors.data),
            settings,
            target_kind_of(histories),
            CPU,
            advance,
        )
    return trained.at(NO_TIME), time.perf_counter() - started


def arrive(graph: Graph, workspace: Workspace, late: Part) -> None:
    """Load the pairs that were held back."""
    pairs = [
        (user, product)
        for user, own in zip(late.users, late.histories, strict=True)
        for product in own
    ]
    folder = workspace.home / "late"
    folder.mkdir()
    frame = pd.DataFrame(pairs, columns=["user_id", "product_id"])
    frame.to_csv(folder / "interactions.csv", index=False)
    load(graph, folder, rejects_dir=workspace.rejects)


def go_on(told: Measured, graph: Graph, workspace: Workspace) -> VectorRecommender:
    """The job itself; its run is published whatever the gate says of it."""
    settings = RetrainSettings(GateSettings(baselines=("popularity", "item-knn")))
    facts = retrain_shop(graph, workspace, settings, force=True, device="cpu")
    if facts["mode"] != "delta":
        raise ValueError(f"the job trained from the beginning: {facts['because']}")
    for part in (*COST, "gate", "publish"):
        told.add(f"ours/delta/{part}", facts["seconds_of"][part], "s")
    for sentence in facts["overruled"]:
        log.warning("the gate would have refused: %s", sentence)
    told.add("ours/delta/arrived", facts["arrived"], "events")
    told.add("ours/delta/passes-gate", float(not facts["overruled"]), "1 or 0")
    run = runs.load_run(workspace.runs, facts["run_id"])
    return runs.load_recommender(workspace.runs, run)


def all_anew(told: Measured, graph: Graph, settings: Settings) -> VectorRecommender:
    """The peer: everything read and trained again with the same settings."""
    started = time.perf_counter()
    tensors = read_tensors(graph, None)
    told.add("peer/full/read", time.perf_counter() - started, "s")
    told.add("peer/full/embed", pipeline.embed(graph, device="cpu").seconds, "s")
    recommender, seconds = fit(tensors, settings)
    told.add("peer/full/train", seconds, "s")
    return recommender


def measure(
    told: Measured, graph: Graph, split: Published, models: dict[str, VectorRecommender]
) -> None:
    """Quality on test.txt, and both ratios."""
    tensors = read_tensors(graph, None)
    target = target_kind_of(histories_of(tensors.data))
    test = split_of(split, tensors, target).test
    quality = {name: evaluate(model, test).metrics["ndcg@20"] for name, model in models.items()}
    told.add("ours/delta/ndcg@20", quality["delta"], "")
    told.add("peer/full/ndcg@20", quality["full"], "")
    spent = {row["name"]: row["value"] for row in told.rows}
    cost = {
        who: sum(spent[f"{who}/{part}"] for part in COST) for who in ("ours/delta", "peer/full")
    }
    told.add("ours/delta/cost", cost["ours/delta"], "s")
    told.add("peer/full/cost", cost["peer/full"], "s")
    told.ratios["delta_vs_full"] = cost["peer/full"] / cost["ours/delta"]
    told.ratios["delta_quality_vs_full"] = quality["delta"] / quality["full"]
