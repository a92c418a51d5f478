"""Settings are chosen on validation; the test is for whoever looks at it once, afterwards."""

from __future__ import annotations

import importlib
import logging
import pkgutil
import resource
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from gnn import baselines
from gnn.evaluation import evaluate
from gnn.histories import Histories
from gnn.protocols.task import Split, Task
from gnn.recommender import Baseline, Context, Recommender

log = logging.getLogger(__name__)

#: Validation rows a trial is measured on at most.
VALIDATION_ROWS = 5_000


@dataclass(frozen=True)
class Trial:
    """One try on validation."""

    settings: dict[str, Any]
    metrics: dict[str, float]
    seconds: float


@dataclass(frozen=True)
class Choice:
    """The best settings, the model refitted with them, and what it took to find them.

    ``seconds`` is wall time of all trials and the refit; ``peak_mb`` the program's peak resident
    memory meanwhile, in MiB.
    """

    name: str
    settings: Any
    recommender: Recommender
    metric: str
    trials: list[Trial]
    seconds: float
    peak_mb: float


def find_baselines() -> dict[str, Baseline]:
    """Every module of ``gnn.baselines`` by its public name, 'item-knn' for ``item_knn``."""
    found = sorted(module.name for module in pkgutil.iter_modules(baselines.__path__))
    return {
        name.replace("_", "-"): cast(
            Baseline, importlib.import_module(f"{baselines.__name__}.{name}")
        )
        for name in found
    }


def trains(baseline: Baseline) -> bool:
    """Whether a baseline is trained by gradient steps; such modules say ``TRAINS = True``."""
    return bool(getattr(baseline, "TRAINS", False))


def validation_metric(task: Task) -> str:
    """ndcg@10 where every row has one target, else ndcg@20."""
    return "ndcg@10" if int(np.diff(task.targets.indptr).max(initial=0)) <= 1 else "ndcg@20"


def choose(
    name: str, baseline: Baseline, split: Split, context: Context, max_rows: int = VALIDATION_ROWS
) -> Choice:
    """Try the grid on validation, then refit the best on the test's training data.

    Settings that cannot differ on this data are tried once. More than ``max_rows`` validation
    rows are sampled, the same for every setting and model. Equal results go to the earlier
    setting.

    Raises:
        MissingInput: the data lacks what the model needs.
    """
    reset_peak_memory()
    started = time.perf_counter()
    metric = validation_metric(split.valid)
    valid = sample_rows(split.valid, max_rows, context.seed)
    best: tuple[float, Any, Recommender] | None = None
    trials: list[Trial] = []
    for settings in distinct_settings(baseline, valid.train, context):
        begun = time.perf_counter()
        model = baseline.fit(valid.train, settings, context)
        measured = evaluate(model, valid).metrics
        seconds = time.perf_counter() - begun
        log.debug("%s %s: %s %.4f in %.1f s", name, settings, metric, measured[metric], seconds)
        trials.append(Trial(asdict(settings), measured, seconds))
        if best is None or measured[metric] > best[0]:
            best = (measured[metric], settings, model)
    if best is None:
        raise ValueError(f"{name} has no settings to try")
    _, settings, model = best
    if split.test.train is not split.valid.train:
        model = baseline.fit(split.test.train, settings, context)
    seconds = time.perf_counter() - started
    return Choice(name, settings, model, metric, trials, seconds, peak_memory_mb())


def distinct_settings(baseline: Baseline, train: Histories, context: Context) -> list[Any]:
    """The grid without what cannot matter: all kinds of behaviour where only one is there."""
    single = set(np.unique(train.kind).tolist()) <= {context.target_kind}
    return list(
        dict.fromkeys(
            replace(settings, kinds="target")
            if single and "kinds" in {field.name for field in fields(settings)}
            else settings
            for settings in baseline.GRID
        )
    )


def sample_rows(task: Task, max_rows: int, seed: int) -> Task:
    """The task with at most ``max_rows`` rows, drawn from those that have a target."""
    asked = np.flatnonzero(np.diff(task.targets.indptr))
    if len(asked) <= max_rows:
        return task
    drawn = np.random.default_rng(seed).choice(asked, max_rows, replace=False)
    return task.take(np.sort(drawn).astype(np.int64))


def reset_peak_memory() -> None:
    """Start measuring the peak anew, where the system can; else it stays the program's."""
    clear = Path("/proc/self/clear_refs")
    if clear.exists():
        try:
            clear.write_text("5")
        except PermissionError:
            log.debug("the peak of memory cannot be reset here: it is the whole program's")


def peak_memory_mb() -> float:
    """Peak resident memory of this program in MiB, since the last reset where that works."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        return _kib(lines) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _kib(status: Mapping[str, str]) -> float:
    return float(status["VmHWM"].split()[0])
