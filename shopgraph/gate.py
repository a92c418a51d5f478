"""What a new run must show before it goes live: each check a number, its limit, and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np

from gnn.evaluation import Evaluation, evaluate, paired_bootstrap
from gnn.protocols.task import Task
from gnn.recommender import Context, MissingInput, Recommender
from gnn.selection import find_baseline, validation_metric


@dataclass(frozen=True)
class GateSettings:
    """How strict the gate is, and which baselines it knows."""

    baselines: tuple[str, ...] = ("popularity", "recent-popularity", "item-knn")
    holdout_days: float = 14.0  #: what is asked lies at most so far back
    min_users: int = 30  #: fewer who did something new are no measure of the live run
    least_share: float = 0.8  #: of the live run's users, products and events must still be there
    least_coverage: float = 0.5  #: of the live run's coverage must be reached

    def __post_init__(self) -> None:
        if not self.baselines:
            raise ValueError("the gate needs at least one baseline")
        for name in self.baselines:
            find_baseline(name)
        if self.holdout_days <= 0 or self.min_users < 1:
            raise ValueError("holdout_days and min_users must be above 0")
        for name in ("least_share", "least_coverage"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in 0..1 (got {getattr(self, name)})")


@dataclass(frozen=True)
class Check:
    """One number against its limit; ``says`` names both for a person.

    A ``vital`` one cannot be overruled: what fails it could not be published.
    """

    name: str
    value: float
    limit: float
    passed: bool
    says: str
    vital: bool = False

    def facts(self) -> dict[str, Any]:
        """The check for a record."""
        return asdict(self)


def check_cutoff(cutoff: datetime | None, now: datetime) -> list[Check]:
    """An event that has not happened yet is a mistake in somebody's clock or column."""
    if cutoff is None:
        return []
    ahead = (cutoff - now).total_seconds()
    says = f"the newest event is of {cutoff.isoformat()}, {ahead / 3600:.1f} h in the future"
    return [Check("cutoff", ahead, 0.0, ahead <= 0, says)]


def check_sizes(
    now: Mapping[str, int], live: Mapping[str, int] | None, settings: GateSettings
) -> list[Check]:
    """The shop must not be empty, nor have shrunk much since the live run."""
    checks = []
    for name, count in now.items():
        if count == 0:
            checks.append(Check(name, 0, 1, False, f"there are no {name}", vital=True))
        elif live is not None and name in live:
            limit = settings.least_share * live[name]
            says = f"{count} {name}, the live run knew {live[name]}: at least {limit:.0f} needed"
            checks.append(Check(name, count, limit, count >= limit, says))
    return checks


@dataclass(frozen=True)
class Measured:
    """The candidate beside the baselines and the live run, on one task."""

    metric: str
    candidate: Evaluation
    checks: list[Check]


def check_model(
    candidate: Recommender,
    task: Task,
    context: Context,
    live: Recommender | None,
    settings: GateSettings,
) -> Measured | None:
    """Ask candidate, baselines and live run the same; None where a score is not finite."""
    try:
        ours = evaluate(candidate, task)
    except ValueError:
        return None
    metric = validation_metric(task)
    checks = _check_baselines(ours, task, context, metric, settings)
    if live is not None:
        theirs = evaluate(live, task)
        checks.append(_compared(ours, theirs, metric, f"{metric} against live", "the live one"))
        coverage, limit = (of.metrics["coverage@10"] for of in (ours, theirs))
        limit *= settings.least_coverage
        says = f"coverage@10 {coverage:.4f}: at least {limit:.4f} needed"
        checks.append(Check("coverage@10", coverage, limit, coverage >= limit, says))
    return Measured(metric, ours, checks)


def _check_baselines(
    ours: Evaluation, task: Task, context: Context, metric: str, settings: GateSettings
) -> list[Check]:
    """Against the best of the baselines that have all they need."""
    found: dict[str, Evaluation] = {}
    for each in settings.baselines:
        baseline = find_baseline(each)
        try:
            fitted = baseline.fit(task.train, baseline.Settings(), context)
        except MissingInput:
            continue
        found[each] = evaluate(fitted, task)
    if not found:
        return []
    name = max(found, key=lambda each: found[each].metrics[metric])
    return [_compared(ours, found[name], metric, f"{metric} against baselines", name)]


def _compared(ours: Evaluation, theirs: Evaluation, metric: str, check: str, name: str) -> Check:
    """Whether chance alone may explain that the new run is no better (95 % paired bootstrap)."""
    mean, low, high = paired_bootstrap(ours.rows[metric], theirs.rows[metric])
    says = (
        f"{metric} {ours.metrics[metric]:.4f} of the new run, {theirs.metrics[metric]:.4f} of "
        f"{name}: {mean:+.4f} ({low:+.4f} to {high:+.4f}) over "
        f"{len(ours.asked)} users is not to lie below 0"
    )
    return Check(check, high, 0.0, high >= 0, says)


def not_finite() -> Check:
    """What a model with broken numbers fails."""
    says = "scores or vectors of the new run are not finite"
    return Check("finite", 0.0, 1.0, False, says, vital=True)


def not_measured() -> Check:
    """What a shop too small for a test fails."""
    says = "0 users could be asked: too few interactions to measure a run by"
    return Check("measured", 0.0, 1.0, False, says)


def all_finite(*arrays: np.ndarray[Any, Any]) -> bool:
    """Whether every number is one."""
    return all(bool(np.isfinite(array).all()) for array in arrays)
