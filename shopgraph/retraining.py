"""The batch job: what changed, embed, train on from the live run, judge, publish, tidy up."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from gnn import runs
from gnn.checkpoints import Checkpoints
from gnn.choice import Settings, fit_settings
from gnn.grown import Grown
from gnn.inference import VectorRecommender
from gnn.protocols.task import Task
from gnn.recommender import Context, Recommender
from gnn.selection import peak_memory_mb, reset_peak_memory
from gnn.tensors import histories_of, ingested_of, knowledge_of, target_kind_of
from gnn.warm import CannotContinue, WarmStart
from kg.connection import Graph
from kg.publish import read_runs
from kg.read import read_newest_event, read_tensors
from shopgraph import gate, pipeline, publishing
from shopgraph.changes import Changes, Shop, find_changes, live_run, new_task, why_full
from shopgraph.gate import Check, GateSettings
from shopgraph.progress import progress
from shopgraph.tidying import tidy
from shopgraph.workspace import Workspace

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetrainSettings:
    """When a run is trained from the beginning, how it is judged, and how long runs are kept."""

    gate: GateSettings = field(default_factory=GateSettings)
    full_above: float = 0.2  #: share of the events new or gone above which all is trained anew
    keep_runs: int = 7  #: newest runs that are kept
    keep_days: float = 90.0  #: older ones go, too

    def __post_init__(self) -> None:
        if not 0 <= self.full_above <= 1:
            raise ValueError(f"full_above must lie in 0..1 (got {self.full_above})")
        if self.keep_runs < 2 or self.keep_days <= 0:
            raise ValueError("at least 2 runs are kept, for more than 0 days")


@dataclass(frozen=True)
class Candidate:
    """A run to be judged: how it is trained, and a sibling that has not seen what it is asked.

    ``judged`` and ``task`` are None where nobody can be asked; ``live_unseen`` says whether the
    live run has not seen the task either; ``finish`` gives the run trained on everything.
    """

    mode: str
    because: str
    judged: Recommender | None
    task: Task | None
    live_unseen: bool
    finish: Callable[[], tuple[runs.Run, VectorRecommender]]


@dataclass
class Record:
    """What a retraining has found so far, for ``--json`` and for monitoring."""

    facts: dict[str, Any]
    checks: list[Check] = field(default_factory=list)
    spent: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        """Add what a part takes."""
        started = time.monotonic()
        try:
            yield
        finally:
            self.spent[part] = self.spent.get(part, 0.0) + time.monotonic() - started

    def refused(self, force: bool) -> bool:
        """Whether a check failed; ``force`` overrules those that are not vital."""
        failed = [check for check in self.checks if not check.passed]
        vital = [check for check in failed if check.vital]
        self.facts["refused"] = [check.says for check in (vital if force else failed)]
        self.facts["overruled"] = [check.says for check in failed if force and not check.vital]
        return bool(self.facts["refused"])

    def told(self) -> dict[str, Any]:
        """All facts."""
        return self.facts | {
            "checks": [check.facts() for check in self.checks],
            "seconds_of": self.spent,
            "seconds": sum(self.spent.values()),
            "peak_mb": peak_memory_mb(),
        }


def retrain(
    graph: Graph,
    workspace: Workspace,
    settings: RetrainSettings,
    grid: Sequence[Settings] | None = None,
    force: bool = False,
    device: str = "auto",
    budget_seconds: float = 600.0,
    clock: datetime | None = None,
) -> dict[str, Any]:
    """Bring the shop's recommendations up to date, if the new run is fit for it.

    A job that was killed in its training goes on there, if nothing has changed since.

    Returns:
        What was found and done. ``refused`` says which checks kept the new run from going live;
        it is empty where the run is live, or where there was nothing to do.
    """
    checkpoints = Checkpoints(workspace.checkpoints)
    how = (force, device, budget_seconds, clock)
    facts = _retrain(graph, workspace, settings, checkpoints, grid, *how)
    checkpoints.clear()
    return facts


def _retrain(
    graph: Graph,
    workspace: Workspace,
    settings: RetrainSettings,
    checkpoints: Checkpoints,
    grid: Sequence[Settings] | None,
    force: bool,
    device: str,
    budget_seconds: float,
    clock: datetime | None,
) -> dict[str, Any]:
    clock = clock or datetime.now(UTC)
    on = pipeline.pick_device(device)
    reset_peak_memory()
    live = live_run(graph, workspace.runs)
    record = Record({"run_id": live.run_id if live else None, "forced": force, "mode": "none"})
    record.facts["live_before"] = record.facts["run_id"]
    with record.timed("embed"):
        embedded = pipeline.embed(graph, device=device)
    record.facts |= {"encoded": embedded.encoded, "unchanged": embedded.unchanged}
    with record.timed("read"), progress("reading events") as advance:
        newest = read_newest_event(graph)
        until = None if newest is None else newest + timedelta(milliseconds=1)
        tensors = read_tensors(graph, until, advance, workspace.cache)
        histories = histories_of(tensors.data)
    record.checks += gate.check_cutoff(newest, clock)
    known = live.counts if live else None
    record.checks += gate.check_sizes(pipeline.sizes_of(histories), known, settings.gate)
    if record.refused(force):
        return record.told()
    changes = find_changes(tensors, histories, live, embedded.encoded) if live else None
    if changes is not None:
        record.facts |= changes.facts()
        if changes.none and not force:
            record.facts["because"] = "nothing has changed since the live run"
            return record.told()
    target = target_kind_of(histories)
    shop = Shop(tensors, histories, knowledge_of(tensors.data), target, until, on)
    candidate = _candidate(
        shop, workspace.runs, live, changes, settings, grid, budget_seconds, record, checkpoints
    )
    record.facts |= {"mode": candidate.mode, "because": candidate.because}
    log.info("%s training: %s", candidate.mode, candidate.because)
    with record.timed("gate"):
        metrics = _judge(candidate, shop, workspace.runs, live, settings.gate, record)
    if record.refused(force):
        return record.told()
    with record.timed("train"):
        run, recommender = candidate.finish()
    if not gate.all_finite(recommender.z.numpy(), recommender.bias.numpy()):
        record.checks.append(gate.not_finite())
        record.refused(force)
        return record.told()
    told = record.told()
    run = replace(
        run,
        metrics=metrics | {"seconds": record.spent["train"], "peak_mb": told["peak_mb"]},
        seconds=told["seconds"],
        peak_mb=told["peak_mb"],
        bookmark_ms=int(ingested_of(tensors.data).max(initial=0)),
        job={name: told[name] for name in told if name not in ("run_id", "refused")},
    )
    runs.save_run(workspace.runs, run, recommender, tensors.user_ids, tensors.product_ids)
    with record.timed("publish"):
        keep_seen = any(each["live"] and each.get("keep_seen") for each in read_runs(graph))
        published = publishing.publish_run(graph, workspace.runs, run, keep_seen, workspace.cache)
    with record.timed("tidy"):
        gone = tidy(graph, workspace.runs, settings.keep_runs, settings.keep_days, clock)
    record.facts |= {
        "run_id": run.run_id,
        "cutoff": run.cutoff,
        "chosen": {"model": asdict(run.model), "training": asdict(run.training)},
        "metrics": run.metrics,
        "users": published.users,
        "recommendations": published.recommendations,
        "deleted_runs": gone,
    }
    return record.told()


def _candidate(
    shop: Shop,
    folder: Path,
    live: runs.Run | None,
    changes: Changes | None,
    settings: RetrainSettings,
    grid: Sequence[Settings] | None,
    budget_seconds: float,
    record: Record,
    checkpoints: Checkpoints,
) -> Candidate:
    """Go on from the live run where that can be done, else train from the beginning."""
    task = None
    if live is not None and changes is not None:
        task = new_task(shop, live, changes, settings.gate.holdout_days, settings.gate.min_users)
    because = why_full(shop, live, changes, task, grid, settings.full_above)
    if because is None and live is not None and changes is not None and task is not None:
        try:
            return _delta(shop, folder, live, changes, task, record, checkpoints)
        except CannotContinue as reason:
            because = str(reason)
    return _full(shop, task, because or "", grid, budget_seconds, record, checkpoints)


def _delta(
    shop: Shop,
    folder: Path,
    live: runs.Run,
    changes: Changes,
    task: Task,
    record: Record,
    checkpoints: Checkpoints,
) -> Candidate:
    """Go on from the live run's weights with who did something new.

    Raises:
        CannotContinue: the graph has parts that those weights are not of.
    """
    chosen = Settings(live.model, live.training)
    weights = runs.load_weights(folder, live)
    changed = np.zeros(len(shop.histories), np.bool_)
    changed[shop.histories.row[changes.arrived]] = True
    warm = WarmStart(weights, changed)
    with record.timed("gate"), progress("training for the gate", unit="epoch") as advance:
        judged = _sibling(shop, task, chosen, warm, advance, checkpoints)

    def finish() -> tuple[runs.Run, VectorRecommender]:
        with progress("training", unit="epoch") as advance:
            known, how = shop.knowledge, (shop.target, shop.device, advance, warm, checkpoints)
            fitted = fit_settings(shop.histories, known, chosen, *how)
        now = datetime.now(UTC)
        run = replace(
            live,
            run_id=runs.new_run_id(now),
            created_at=now.isoformat(),
            cutoff=None if shop.until is None else shop.until.isoformat(),
            validation=[],
            counts=pipeline.sizes_of(shop.histories) | {"test_rows": len(task.queries)},
            device=shop.device.type,
            versions=runs.versions(),
            curve=fitted.curve,
        )
        return run, fitted.at(shop.now)

    return Candidate("delta", f"goes on from run {live.run_id}", judged, task, True, finish)


def _full(
    shop: Shop,
    task: Task | None,
    because: str,
    grid: Sequence[Settings] | None,
    budget_seconds: float,
    record: Record,
    checkpoints: Checkpoints,
) -> Candidate:
    """Train from the beginning, settings chosen anew."""
    with record.timed("train"):
        learned = pipeline.learn(
            shop.tensors, shop.until, shop.device, grid, budget_seconds, checkpoints
        )
    judged: Recommender | None = None
    asked, unseen = task, task is not None
    if task is not None:
        chosen = Settings(learned.run.model, learned.run.training)
        with record.timed("gate"), progress("training for the gate", unit="epoch") as advance:
            judged = _sibling(shop, task, chosen, None, advance, checkpoints)
    elif learned.split is not None and learned.choice is not None:
        asked, judged = learned.split.test, learned.choice.recommender
    return Candidate(
        "full", because, judged, asked, unseen, lambda: (learned.run, learned.recommender)
    )


def _sibling(
    shop: Shop,
    task: Task,
    chosen: Settings,
    warm: WarmStart | None,
    advance: Callable[[int], None],
    checkpoints: Checkpoints,
) -> VectorRecommender:
    """The same training on what the task leaves to be fitted on."""
    known, how = shop.knowledge, (shop.target, shop.device, advance, warm, checkpoints)
    fitted = fit_settings(task.train, known, chosen, *how)
    return fitted.at(task.latest)


def _judge(
    candidate: Candidate,
    shop: Shop,
    folder: Path,
    live: runs.Run | None,
    settings: GateSettings,
    record: Record,
) -> dict[str, float]:
    """Add the gate's checks of a candidate; returns its metrics."""
    if candidate.judged is None or candidate.task is None:
        record.checks.append(gate.not_measured())
        return {}
    former: Recommender | None = None
    if live is not None and candidate.live_unseen:
        former = Grown(runs.load_recommender(folder, live))
    context = Context(
        text_vectors=shop.knowledge.text if shop.knowledge.has_text.any() else None,
        attributes=shop.knowledge.attributes,
        target_kind=shop.target,
    )
    measured = gate.check_model(candidate.judged, candidate.task, context, former, settings)
    if measured is None:
        record.checks.append(gate.not_finite())
        return {}
    record.checks += measured.checks
    return measured.candidate.reported()


def read_retrain_settings(path: Path) -> tuple[RetrainSettings, bool]:
    """The ``retrain`` part of a settings file, and whether the file also describes the model.

    Raises:
        ValueError: it is no such file; naming what is wrong.
    """
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        own = dict(given.get("retrain", {}))
        judged = dict(own.pop("gate", {}))
        if "baselines" in judged:
            judged["baselines"] = tuple(judged["baselines"])
        return RetrainSettings(GateSettings(**judged), **own), bool(given.keys() - {"retrain"})
    except (OSError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path} holds no settings: {error}") from error
