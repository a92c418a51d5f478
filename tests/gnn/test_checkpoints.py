"""Trainings that were stopped go on to the very weights they would have had."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from safetensors.torch import load_file

from gnn.checkpoints import Checkpoints, fingerprint
from gnn.choice import Fitted, Settings, choose_gnn, fit_settings
from gnn.config import ModelConfig, TrainConfig
from gnn.histories import Histories
from gnn.inference import VectorRecommender
from gnn.knowledge import Knowledge
from gnn.protocols import leave_one_out
from gnn.stopping import Watch
from gnn.training import Trained
from gnn.warm import WarmStart
from kg.records import KINDS, NO_TIME

BUY = KINDS.index("purchase")
CPU = torch.device("cpu")
EPOCHS = 4

#: Chance has a part in each: hidden ids, drawn negatives, hidden products, halves of sets.
RECIPES = {
    "next": Settings(
        ModelConfig(dim=8),
        TrainConfig(epochs=EPOCHS, dropout=0.5, folds=2, queries=64, negatives=8, all_up_to=1),
    ),
    "hidden": Settings(
        ModelConfig(dim=8), TrainConfig(epochs=EPOCHS, asks="hidden", folds=2, queries=16)
    ),
    "spectral": Settings(
        ModelConfig(dim=4, spectral=2), TrainConfig(epochs=EPOCHS, asks="hidden", queries=16)
    ),
}


class Stopped(Exception):
    """A training is over before its end."""


def shop(seed: int = 0, users: int = 30, products: int = 20) -> Histories:
    """Five random purchases a user, in order."""
    rng = np.random.default_rng(seed)
    product = np.concatenate([rng.choice(products, 5, replace=False) for _ in range(users)])
    row = np.repeat(np.arange(users), 5)
    kind, time = np.full(len(row), BUY), np.full(len(row), NO_TIME)
    return Histories.from_events(row, product, kind, time, np.arange(len(row)), users, products)


def knowledge(products: int = 20) -> Knowledge:
    return Knowledge(np.eye(products, dtype="f4"), np.ones(products, bool))


def train(
    settings: Settings,
    checkpoints: Checkpoints | None = None,
    after_epoch: Callable[[int], None] | None = None,
    past: Histories | None = None,
    warm: WarmStart | None = None,
) -> Fitted:
    past = shop() if past is None else past
    return fit_settings(past, knowledge(), settings, BUY, CPU, after_epoch, warm, checkpoints)


@cache
def undisturbed(recipe: str) -> Fitted:
    return train(RECIPES[recipe])


def stop_after(epochs: int) -> Callable[[int], None]:
    done = []

    def after_epoch(_: int) -> None:
        done.append(1)
        if len(done) == epochs:
            raise Stopped

    return after_epoch


def assert_same(one: Fitted, other: Fitted) -> None:
    """Curve, vectors and all that was learned, bit for bit."""
    assert one.curve == other.curve
    first, second = one.at(NO_TIME), other.at(NO_TIME)
    assert torch.equal(first.z, second.z)
    assert torch.equal(first.bias, second.bias)
    assert first.model_state.keys() == second.model_state.keys()
    for name, value in first.model_state.items():
        assert torch.equal(value, second.model_state[name]), name


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("epochs", range(1, EPOCHS + 1))
def test_a_training_stopped_after_any_epoch_ends_as_if_it_had_not_been(
    recipe: str, epochs: int, tmp_path: Path
) -> None:
    with pytest.raises(Stopped):
        train(RECIPES[recipe], Checkpoints(tmp_path), stop_after(epochs))
    # Another training's random numbers come between.
    torch.rand(7)
    told: list[int] = []
    assert_same(train(RECIPES[recipe], Checkpoints(tmp_path), told.append), undisturbed(recipe))
    assert told == [1] * (EPOCHS - epochs)


class Said(Watch):
    """A validation that says what it is told to, one value an epoch."""

    def __init__(self, *values: float) -> None:
        split = leave_one_out.split(shop(), BUY)
        super().__init__(split.valid, "ndcg@10")
        object.__setattr__(self, "values", list(values))
        object.__setattr__(self, "vectors", [])

    def value(self, recommender: VectorRecommender) -> float:
        self.vectors.append(recommender.z.clone())
        return self.values.pop(0)


def patient(epochs: int, patience: int) -> Settings:
    recipe = RECIPES["next"]
    return replace(recipe, training=replace(recipe.training, epochs=epochs, patience=patience))


def watched(watch: Watch, settings: Settings, **more: Any) -> Trained:
    trained = fit_settings(shop(), knowledge(), settings, BUY, CPU, watch=watch, **more)
    assert isinstance(trained, Trained)
    return trained


def test_a_training_ends_when_patience_does_with_the_weights_that_were_best() -> None:
    watch = Said(0.1, 0.3, 0.2, 0.3, 0.9)
    trained = watched(watch, patient(5, patience=2))
    # Two epochs no better than the second: the fifth, which would be, is never trained.
    assert (len(trained.curve), trained.best_epoch) == (4, 2)
    assert torch.equal(trained.at(NO_TIME).z, watch.vectors[1])
    assert not torch.equal(watch.vectors[1], watch.vectors[3])


def test_what_goes_on_getting_better_is_trained_to_its_end() -> None:
    watch = Said(0.1, 0.2, 0.15, 0.3)
    trained = watched(watch, patient(4, patience=2))
    assert (len(trained.curve), trained.best_epoch) == (4, 4)
    assert torch.equal(trained.at(NO_TIME).z, watch.vectors[3])


def test_as_many_epochs_without_validation_come_to_the_same_weights() -> None:
    # The learning rate falls as if all were trained.
    settings = patient(5, patience=2)
    stopped = watched(Said(0.1, 0.3, 0.2, 0.2), settings)
    again = train(replace(settings, training=replace(settings.training, stop_after=2)))
    assert again.curve == stopped.curve[:2]
    assert torch.equal(again.at(NO_TIME).z, stopped.at(NO_TIME).z)


@pytest.mark.parametrize("epochs", range(1, 5))
def test_a_watched_training_that_was_stopped_remembers_what_was_best(
    epochs: int, tmp_path: Path
) -> None:
    values = [0.1, 0.3, 0.2, 0.3, 0.9]
    whole = watched(Said(*values), patient(5, 2))
    with pytest.raises(Stopped):
        watched(
            Said(*values),
            patient(5, 2),
            checkpoints=Checkpoints(tmp_path),
            after_epoch=stop_after(epochs),
        )
    rest = Said(*values[epochs:])
    again = watched(rest, patient(5, 2), checkpoints=Checkpoints(tmp_path))
    assert_same(again, whole)
    assert again.best_epoch == 2
    assert len(rest.vectors) == 4 - epochs


def test_settings_with_patience_are_refitted_for_as_many_epochs_as_were_best() -> None:
    split = leave_one_out.split(shop(), BUY)
    grid = [patient(5, 1)]
    found = choose_gnn(split, knowledge(), BUY, CPU, grid)
    assert len(found.trials) == 1
    epochs = found.settings.training.stop_after
    assert 1 <= epochs <= 5
    # Validation and test are fitted on the same: the trial's own model answers.
    assert isinstance(found.trained, Trained)
    assert found.trained.best_epoch == epochs
    assert found.settings.as_given() == grid[0]
    apart = replace(split, test=replace(split.test, train=shop(1)))
    again = choose_gnn(apart, knowledge(), BUY, CPU, grid)
    assert again.settings == found.settings
    assert len(again.trained.curve) == epochs


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_warm_training_that_had_ended_is_not_done_again(recipe: str, tmp_path: Path) -> None:
    before = undisturbed(recipe).at(NO_TIME)
    weights = before.model_state
    if recipe == "spectral":
        weights = weights | {"product_vectors": before.z}
    warm = WarmStart(weights, np.arange(30) > 25)
    first = train(RECIPES[recipe], Checkpoints(tmp_path), warm=warm)
    told: list[int] = []
    assert_same(train(RECIPES[recipe], Checkpoints(tmp_path), told.append, warm=warm), first)
    assert told == []
    # Who is new decides the weights, too.
    other = replace(warm, changed=np.arange(30) > 20)
    train(RECIPES[recipe], Checkpoints(tmp_path), told.append, warm=other)
    assert told == [1]


@pytest.mark.parametrize("recipe", ["next", "spectral"])
def test_other_data_and_other_settings_begin_anew(recipe: str, tmp_path: Path) -> None:
    settings = RECIPES[recipe]
    with pytest.raises(Stopped):
        train(settings, Checkpoints(tmp_path), stop_after(2))
    seeded = replace(settings, training=replace(settings.training, seed=1))
    for other, past in [(seeded, shop()), (settings, shop(seed=1))]:
        told: list[int] = []
        found = train(other, Checkpoints(tmp_path), told.append, past)
        assert told == [1] * EPOCHS
        assert_same(found, train(other, past=past))


@pytest.mark.parametrize("left", [b"", b"no checkpoint", None])
def test_a_file_that_cannot_be_read_is_said_and_replaced(
    left: bytes | None, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Stopped):
        train(RECIPES["next"], Checkpoints(tmp_path), stop_after(2))
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if left is None else left)
    caplog.clear()
    assert_same(train(RECIPES["next"], Checkpoints(tmp_path)), undisturbed("next"))
    assert [f"{path} cannot be read" in line for line in caplog.messages] == [True]
    assert list(tmp_path.iterdir()) == [path]


def test_no_code_in_a_checkpoint_is_run(tmp_path: Path) -> None:
    settings = RECIPES["next"]
    with pytest.raises(Stopped):
        train(settings, Checkpoints(tmp_path), stop_after(1))
    (path,) = tmp_path.iterdir()

    class Evil:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (tmp_path / "run",))

    torch.save({"model": Evil(), "seconds": 0.0, "curve": []}, path)
    assert_same(train(settings, Checkpoints(tmp_path)), undisturbed("next"))
    assert not (tmp_path / "run").exists()


def test_a_job_deletes_its_own_checkpoints_and_those_that_nobody_came_back_to(
    tmp_path: Path,
) -> None:
    job = Checkpoints(tmp_path)
    train(RECIPES["next"], job)
    train(RECIPES["spectral"], job)
    assert len(list(tmp_path.iterdir())) == 2
    for name, days in {"old.pt": 3, "young.pt": 1, ".old.pt.cut": 3, ".young.pt.cut": 1}.items():
        (tmp_path / name).touch()
        then = time.time() - days * 86_400
        os.utime(tmp_path / name, (then, then))
    job.clear()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".young.pt.cut", "young.pt"]


def test_a_choice_that_was_stopped_counts_what_it_had_taken(tmp_path: Path) -> None:
    split = leave_one_out.split(shop(users=60), BUY)
    grid = [RECIPES["next"], RECIPES["hidden"], RECIPES["spectral"]]

    def choose(checkpoints: Checkpoints, after_epoch: Callable[[int], None] | None = None) -> list:
        found = choose_gnn(split, knowledge(), BUY, CPU, grid, 60.0, after_epoch, checkpoints)
        return [(trial.settings, trial.metrics) for trial in found.trials]

    whole = choose(Checkpoints(tmp_path / "other"))
    with pytest.raises(Stopped):
        choose(Checkpoints(tmp_path), stop_after(2 * EPOCHS + 1))
    told: list[int] = []
    assert choose(Checkpoints(tmp_path), told.append) == whole
    # Two trials had ended, the third had begun; the best of all answers the test without another.
    assert len(told) == EPOCHS - 1
    job = Checkpoints(tmp_path)
    began = job.clock()
    for path in tmp_path.glob("*.pt"):
        state = torch.load(path, weights_only=True)
        torch.save(state | {"seconds": 40.0}, path)
    assert choose(job) == whole[:1]
    assert job.clock() - began > 40


def test_names_tell_apart_whatever_differs() -> None:
    matrix = sp.csr_array(np.eye(2, dtype="f4"))
    values = [
        np.zeros(2),
        np.zeros(2, "f4"),
        np.zeros((2, 1)),
        torch.ones(2),
        matrix,
        2 * matrix,
        TrainConfig(),
        TrainConfig(seed=1),
        {"a": 1},
        {"a": 1, "b": None},
        [1, [2]],
        [[1], 2],
        ["12"],
        ["1", "2"],
        None,
    ]
    assert len({fingerprint(value) for value in values}) == len(values)
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})


#: Trains with checkpoints in a folder, and writes the weights to a file; a word an epoch.
PROGRAM = """
import importlib.util, sys, time
from pathlib import Path
from safetensors.torch import save_file
from gnn.checkpoints import Checkpoints

spec = importlib.util.spec_from_file_location("cases", sys.argv[1])
cases = importlib.util.module_from_spec(spec)
sys.modules["cases"] = cases
spec.loader.exec_module(cases)

def told(_):
    print("epoch", flush=True)
    time.sleep(float(sys.argv[4]))

fitted = cases.train(cases.RECIPES[sys.argv[2]], Checkpoints(Path(sys.argv[3])), told)
save_file(fitted.at(cases.NO_TIME).model_state, Path(sys.argv[3]) / "weights.safetensors")
"""


def test_a_killed_process_goes_on_where_it_was(tmp_path: Path) -> None:
    words = [sys.executable, "-W", "ignore", "-c", PROGRAM, __file__, "next", tmp_path]
    first = subprocess.Popen([*words, "60"], stdout=subprocess.PIPE)
    assert first.stdout is not None
    assert first.stdout.readline() == b"epoch\n"
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    first.stdout.close()
    second = subprocess.run([*words, "0"], stdout=subprocess.PIPE, check=True)
    assert second.stdout == b"epoch\n" * (EPOCHS - 1)
    expected = undisturbed("next").at(NO_TIME).model_state
    found = load_file(tmp_path / "weights.safetensors")
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in found)
