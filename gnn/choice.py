"""The GNN's settings, chosen on validation within a time budget."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from gnn import distributed
from gnn.balance import balance
from gnn.checkpoints import Checkpoints
from gnn.config import ModelConfig, TrainConfig
from gnn.ensemble import Ensemble, fit_members
from gnn.evaluation import evaluate
from gnn.histories import Histories
from gnn.inference import VectorRecommender
from gnn.knowledge import Knowledge
from gnn.protocols.task import Split, Task
from gnn.selection import (
    VALIDATION_ROWS,
    Trial,
    peak_memory_mb,
    reset_peak_memory,
    sample_rows,
    validation_metric,
)
from gnn.spectral import SpectralModel, fit_spectral
from gnn.stopping import Watch
from gnn.training import Trained
from gnn.warm import WarmStart
from kg.records import NO_TIME

log = logging.getLogger(__name__)

#: A trained model: it has a ``curve``, and ``at(now)`` gives what scores at a moment.
Fitted = Trained | Ensemble | SpectralModel


@dataclass(frozen=True)
class Settings:
    """A model and its training, as one thing to choose."""

    model: ModelConfig
    training: TrainConfig

    def as_given(self) -> Settings:
        """The settings before validation had its say of them."""
        return Settings(replace(self.model, balance=()), replace(self.training, stop_after=0))


@dataclass(frozen=True)
class GnnChoice:
    """The chosen settings, the model fitted on the test's training data, and what it took."""

    settings: Settings
    recommender: VectorRecommender
    trained: Fitted
    metric: str
    trials: list[Trial]
    seconds: float
    peak_mb: float


#: Few steps and mostly hidden ids: shops where many buy much learn by heart within minutes. Two
#: members of half the length found as much there as one, or more.
TIMED = Settings(ModelConfig(dim=64), TrainConfig(epochs=4, new_only=True))

#: Sums that forget within a few events, for histories whose order is known but not their times.
ORDERED = Settings(
    ModelConfig(mean_pools=False, neighbours=20, history=30),
    TrainConfig(epochs=6, queries=2_048, dropout=0.1, folds=8),
)

#: The same for a young shop: smaller steps, ids hidden more often.
YOUNG = Settings(
    ModelConfig(mean_pools=False, neighbours=20, history=30),
    TrainConfig(epochs=5, learning_rate=4e-3, queries=512, dropout=0.5, folds=8),
)

#: Sets, of which a part is hidden and asked for.
UNORDERED = Settings(ModelConfig(), TrainConfig(epochs=8, asks="hidden", dropout=0.9))

#: Sets so large that vectors need no features to be learned well.
SETS = Settings(
    ModelConfig(dim=254, spectral=256),
    TrainConfig(epochs=6, learning_rate=0.02, queries=2_048, asks="hidden"),
)

#: Epochs of the same on a smaller set, which is learned by heart within a few steps.
FEW_EPOCHS = 2

#: Members that default settings have at most, where there is time: a third changed nothing.
MOST_MEMBERS = 2

#: From so many interactions on a set is large.
LARGE_SET = 300_000

#: Up to so many interactions a shop is young, from so many on it surely is not: one training of the
#: young kind takes as long there as two members of the other, which find at least as much.
YOUNG_UP_TO, OLD_FROM = 50_000, 100_000


def settings_for(train: Histories, ordered: bool) -> list[Settings]:
    """The settings worth trying on such data, the safest first."""
    if not ordered:
        if train.num_events >= LARGE_SET:
            return [SETS]
        return [UNORDERED, _trained(SETS, epochs=FEW_EPOCHS)]
    if train.num_events and (train.time != NO_TIME).all():
        return [TIMED, _trained(TIMED, epochs=10, lead_days=14.0, gate_rate=1.0)]
    if train.num_events >= OLD_FROM:
        return [ORDERED]
    return [YOUNG, ORDERED] if train.num_events <= YOUNG_UP_TO else [ORDERED, YOUNG]


def _trained(settings: Settings, **changes: Any) -> Settings:
    """The same model, trained otherwise."""
    return replace(settings, training=replace(settings.training, **changes))


def choose_gnn(
    split: Split,
    knowledge: Knowledge,
    target_kind: int,
    device: torch.device,
    grid: Sequence[Settings] | None = None,
    budget_seconds: float = 600.0,
    after_epoch: Callable[[int], None] | None = None,
    checkpoints: Checkpoints | None = None,
) -> GnnChoice:
    """Try settings on validation while the budget lasts, then fit the best for the test.

    Without a ``grid`` it is ``settings_for`` this data, and the best gets as many members as the
    rest of the budget can train. The first is always tried, unless nothing depends on it; equal
    results go to the earlier one. What has patience is stopped where validation no longer gains,
    and trained again for as many epochs. Where there are times the best trial's sparse term is
    balanced on validation, too, unless its settings say how. Where validation and test are fitted
    on the same histories, the best trial's model answers the test, too. With ``checkpoints``
    trainings that were stopped go on, and those that had ended are not done again; what they took
    counts.

    Raises:
        ValueError: there is nothing to learn from.
    """
    reset_peak_memory()
    clock = time.monotonic if checkpoints is None else checkpoints.clock
    started = clock()
    left_to_us = grid is None
    grid = settings_for(split.test.train, split.ordered) if grid is None else grid
    metric = validation_metric(split.valid)
    valid = sample_rows(split.valid, VALIDATION_ROWS, 0)
    same = split.test.train is split.valid.train
    # What comes after the trials: the fit for the test, and the caller's on everything.
    later = 1 if same else 2
    trials: list[Trial] = []
    best, best_value, kept = grid[0], -1.0, None
    # One is tried alone for when to stop, how to balance, or how long its members will take.
    first = grid[0].model
    unbalanced = split.valid.now is not None and first.use_neighbours and not first.balance
    alone = grid[0].training.patience or ((left_to_us or unbalanced) and not first.spectral)
    for settings in grid if len(grid) > 1 or alone else ():
        spent = distributed.agreed(clock() - started)
        longest = max((trial.seconds for trial in trials), default=0.0)
        if trials and spent + (1 + later) * longest > budget_seconds:
            log.info("the time for choosing is spent: %d of %d tried", len(trials), len(grid))
            break
        begun = clock()
        watch = Watch(valid, metric) if settings.training.patience else None
        tried = settings
        if len(grid) == 1 and watch is None:
            # One member says how to balance all.
            tried = replace(settings, model=replace(settings.model, members=1))
        recommender, trained = fit_task(
            valid, knowledge, tried, target_kind, device, after_epoch, checkpoints, watch
        )
        measured = _measured(recommender, valid)
        seconds = distributed.agreed(clock() - begun)
        trials.append(Trial(asdict(tried), measured, seconds))
        log.info("validation %s %.4f with %s", metric, measured[metric], tried)
        if measured[metric] > best_value:
            best, best_value, kept = settings, measured[metric], trained
            if not isinstance(trained, SpectralModel):
                best = _trained(settings, stop_after=trained.best_epoch)
    if isinstance(kept, Trained | Ensemble) and valid.now is not None and not best.model.balance:
        fitted = kept.at(valid.latest)
        found = distributed.of_first(lambda: balance(fitted, valid, metric))
        best = replace(best, model=replace(best.model, balance=found))
        kept = kept.balanced(found)
    if left_to_us and isinstance(kept, Trained):
        left = budget_seconds - distributed.agreed(clock() - started)
        one = max(trials, key=lambda trial: trial.metrics[metric]).seconds
        members = max(1, min(MOST_MEMBERS, int(left / (later * one))))
        best = replace(best, model=replace(best.model, members=members))
    if kept is None or not same or best.model.members > 1:
        _, kept = fit_task(
            split.test, knowledge, best, target_kind, device, after_epoch, checkpoints
        )
    recommender = kept.at(split.test.latest)
    seconds = clock() - started
    return GnnChoice(best, recommender, kept, metric, trials, seconds, peak_memory_mb())


def _measured(recommender: VectorRecommender, task: Task) -> dict[str, float]:
    return distributed.of_first(lambda: evaluate(recommender, task).metrics)


def fit_task(
    task: Task,
    knowledge: Knowledge,
    settings: Settings,
    target_kind: int,
    device: torch.device,
    after_epoch: Callable[[int], None] | None = None,
    checkpoints: Checkpoints | None = None,
    watch: Watch | None = None,
) -> tuple[VectorRecommender, Fitted]:
    """Fit on a task's training data and fix the vectors at the moment it asks."""
    trained = fit_settings(
        task.train, knowledge, settings, target_kind, device, after_epoch, None, checkpoints, watch
    )
    return trained.at(task.latest), trained


def fit_settings(
    train: Histories,
    knowledge: Knowledge,
    settings: Settings,
    target_kind: int,
    device: torch.device,
    after_epoch: Callable[[int], None] | None = None,
    warm: WarmStart | None = None,
    checkpoints: Checkpoints | None = None,
    watch: Watch | None = None,
) -> Fitted:
    """Train the model that the settings describe; ``after_epoch`` is told 1 after each epoch.

    ``watch`` is the validation that a training with patience is asked; that of sets alone is not,
    since a random hold-out says too little of what comes later.

    Raises:
        ValueError: there is nothing to learn from.
        CannotContinue: the weights of ``warm`` are of a model of another shape.
    """
    model, training = settings.model, settings.training
    how = (model, training, target_kind, device, after_epoch, warm, checkpoints)
    return (
        fit_spectral(train, *how) if model.spectral else fit_members(train, knowledge, *how, watch)
    )


def without(settings: Settings, part: str) -> Settings:
    """The same settings without one of the model's parts, and what is left not yet balanced.

    Raises:
        ValueError: there is no such part.
    """
    flags: dict[str, dict[str, Any]] = {
        "text": {"use_text": False},
        "attributes": {"use_attributes": False},
        "propagation": {"use_propagation": False},
        "transitions": {"use_neighbours": False},
        "recency": {"use_recency": False},
    }
    if part not in flags:
        raise ValueError(f"No part {part!r}: there are {', '.join(flags)}")
    return replace(settings, model=replace(settings.model, balance=(), **flags[part]))


def read_settings(path: Path) -> Settings:
    """Settings from a JSON file: ``{"model": {…}, "training": {…}}``, defaults for the rest.

    Raises:
        ValueError: it is no such file; naming what is wrong.
    """
    try:
        given = json.loads(path.read_text(encoding="utf-8"))
        unknown = sorted(given.keys() - {"model", "training", "retrain"})
        if unknown:
            raise ValueError(f"unknown {', '.join(unknown)}")
        return Settings(
            ModelConfig(**given.get("model", {})), TrainConfig(**given.get("training", {}))
        )
    except (OSError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path} holds no settings: {error}") from error
