"""Settings are chosen on validation; the test is for whoever looks at it once, afterwards."""

from __future__ import annotations

import importlib
import logging
import pkgutil
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from gnn import baselines
from gnn.evaluation import evaluate
from gnn.histories import Histories
from gnn.new_first import NewFirst
from gnn.protocols.task import Split, Task
from gnn.recommender import Baseline, Context, Recommender

log = logging.getLogger(__name__)

#: Validation rows a trial is measured on at most.
VALIDATION_ROWS = 5_000
#: Processor seconds after which no further settings of a baseline are tried.
CHOICE_SECONDS = 120.0


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
    memory meanwhile, in MiB; ``new_first`` whether what the history holds comes last.
    """

    name: str
    settings: Any
    recommender: Recommender
    metric: str
    trials: list[Trial]
    seconds: float
    peak_mb: float
    new_first: bool = False


def find_baselines() -> dict[str, Baseline]:
    """Every module of ``gnn.baselines`` by its public name, 'item-knn' for ``item_knn``."""
    found = sorted(module.name for module in pkgutil.iter_modules(baselines.__path__))
    return {
        name.replace("_", "-"): cast(
            Baseline, importlib.import_module(f"{baselines.__name__}.{name}")
        )
        for name in found
    }


def find_baseline(name: str) -> Baseline:
    """A baseline by its public name, or a class of one's own as ``module:Class``.

    The module is looked for in the working folder, too.

    Raises:
        ValueError: there is none of that name, or it lacks what a baseline has.
    """
    if ":" not in name:
        found = find_baselines()
        if name not in found:
            raise ValueError(f"No model {name!r}: there are {', '.join(found)}, or module:Class")
        return found[name]
    module, _, attribute = name.partition(":")
    sys.path.append(str(Path.cwd()))
    try:
        made = getattr(importlib.import_module(module), attribute)()
    except (ImportError, AttributeError, TypeError, SyntaxError) as error:
        raise ValueError(f"No model {name!r}: {error}") from error
    finally:
        sys.path.pop()
    if missing := [part for part in ("Settings", "AXES", "fit") if not hasattr(made, part)]:
        raise ValueError(f"{name} is no baseline: it has no {', '.join(missing)}")
    return cast(Baseline, made)


def trains(baseline: Baseline) -> bool:
    """Whether a baseline is trained by gradient steps; such modules say ``TRAINS = True``."""
    return bool(getattr(baseline, "TRAINS", False))


def validation_metric(task: Task) -> str:
    """ndcg@10 where every row has one target, else ndcg@20."""
    return "ndcg@10" if int(np.diff(task.targets.indptr).max(initial=0)) <= 1 else "ndcg@20"


def choose(
    name: str,
    baseline: Baseline,
    split: Split,
    context: Context,
    max_rows: int = VALIDATION_ROWS,
    budget_seconds: float | None = None,
) -> Choice:
    """Search settings on validation, then refit the best on the test's training data.

    One setting after another is varied, the others at their best so far; each combination is
    tried once. When ``budget_seconds`` are spent no more are tried: of processor time, so that
    what else the machine does changes nothing; of a model that trains, maybe in another process,
    wall time, and what two trainings may take. More than ``max_rows``
    validation rows are sampled, the same for every setting and model. Equal results go to the
    earlier settings. Where the protocol masks nothing, each is also tried with the products of the
    history last.

    Raises:
        MissingInput: the data lacks what the model needs.
    """
    reset_peak_memory()
    started = time.perf_counter()
    clock = time.perf_counter if trains(baseline) else time.process_time
    if budget_seconds is None:
        budget_seconds = 2 * context.train_seconds if trains(baseline) else CHOICE_SECONDS
    began = clock()
    metric = validation_metric(split.valid)
    same = split.test.train is split.valid.train
    valid = sample_rows(split.valid, max_rows, context.seed)
    trying = replace(context, held_out=valid)
    best_value = -1.0
    best = reached = baseline.Settings()
    new_first = False
    model: Recommender | None = None
    tried: set[Any] = set()
    trials: list[Trial] = []
    for change in [{}, *axis_values(baseline, valid.train, context)]:
        settings = replace(best, **change)
        if settings in tried:
            continue
        if trials and clock() - began > budget_seconds:
            log.info("%s: the time for choosing is spent after %d trials", name, len(trials))
            break
        tried.add(settings)
        begun = time.perf_counter()
        fitted = baseline.fit(valid.train, settings, trying)
        measured = evaluate(fitted, valid).metrics
        pushed = False
        if not valid.masked.nnz:
            other = evaluate(NewFirst(fitted), valid).metrics
            if other[metric] > measured[metric]:
                measured, pushed = other, True
        seconds = time.perf_counter() - begun
        log.debug("%s %s: %s %.4f in %.1f s", name, settings, metric, measured[metric], seconds)
        # A model that stopped by itself says what settings would have stopped it there.
        stopped = getattr(fitted, "settings", settings)
        trials.append(Trial(asdict(stopped), measured, seconds))
        if measured[metric] > best_value:
            best_value, best, reached, new_first = measured[metric], settings, stopped, pushed
            model = fitted if same else None
        # A model can be most of the memory: what is not needed again goes before the next.
        del fitted
    if model is None:
        model = baseline.fit(split.test.train, reached, context)
    if new_first:
        model = NewFirst(model)
    seconds = time.perf_counter() - started
    return Choice(name, reached, model, metric, trials, seconds, peak_memory_mb(), new_first)


def axis_values(baseline: Baseline, train: Histories, context: Context) -> list[dict[str, Any]]:
    """Every value of every axis in turn, without what cannot matter on this data.

    That is the kinds of behaviour, where only the target's is there.
    """
    single = set(np.unique(train.kind).tolist()) <= {context.target_kind}
    return [
        {axis: value}
        for axis, values in baseline.AXES.items()
        if not (single and axis == "kinds")
        for value in values
    ]


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
