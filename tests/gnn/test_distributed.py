"""Steps that are added up, and two processes that share each step, learn what one process does."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from gnn import distributed, spectral, training
from gnn.checkpoints import Checkpoints
from gnn.choice import Settings, fit_settings
from gnn.config import ModelConfig, TrainConfig
from gnn.histories import Histories
from gnn.knowledge import Knowledge
from kg.records import KINDS, NO_TIME

BUY = KINDS.index("purchase")
CPU = torch.device("cpu")
USERS, PRODUCTS = 31, 20

#: Sums, since in a mean of one kind its weight has no say: Adam makes steps of rounding errors.
MODEL = ModelConfig(dim=8, mean_pools=False)

RECIPES = {
    # 29 questions a step and more: no two processes get the same number.
    "next": Settings(
        MODEL,
        TrainConfig(epochs=2, dropout=0.5, folds=2, queries=29, negatives=8, all_up_to=1),
    ),
    # Some processes have nothing to ask.
    "hidden": Settings(
        MODEL,
        TrainConfig(epochs=1, asks="hidden", folds=2, queries=1),
    ),
    "spectral": Settings(
        ModelConfig(dim=4, spectral=2), TrainConfig(epochs=2, asks="hidden", queries=7)
    ),
}


def shop(timed: bool = False) -> Histories:
    """Two to six random purchases a user, in order."""
    rng = np.random.default_rng(0)
    lengths = 2 + np.arange(USERS) % 5
    product = np.concatenate([rng.choice(PRODUCTS, n, replace=False) for n in lengths])
    row = np.repeat(np.arange(USERS), lengths)
    time = np.full(len(row), NO_TIME)
    if timed:
        time = rng.integers(0, 90, len(row)) * 86_400_000
    kind, place = np.full(len(row), BUY), np.arange(len(row))
    return Histories.from_events(row, product, kind, time, place, USERS, PRODUCTS)


def learned(
    settings: Settings, timed: bool = False, checkpoints: Checkpoints | None = None
) -> dict[str, torch.Tensor]:
    """The curve and all that was learned, with nothing in half floats."""
    knowledge = Knowledge(np.eye(PRODUCTS, dtype="f4"), np.ones(PRODUCTS, bool))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spectral, "_fast_type", lambda device: torch.float32)
        fitted = fit_settings(shop(timed), knowledge, settings, BUY, CPU, None, None, checkpoints)
    found = fitted.at(NO_TIME)
    return found.model_state | {"z": found.z, "curve": torch.tensor(fitted.curve)}


def assert_close(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    """Equal but for the order in which floats were added up."""
    assert one.keys() == other.keys()
    for name, value in one.items():
        torch.testing.assert_close(value, other[name], rtol=1e-4, atol=2e-5, msg=name)


@pytest.mark.parametrize("timed", [False, True])
def test_steps_that_are_added_up_are_one_step_of_them_all(timed: bool) -> None:
    whole = TrainConfig(epochs=3, dropout=0.0, folds=1, queries=1_000, learning_rate=1e-3)
    parts = replace(whole, queries=10, accumulate=1_000)
    model = replace(MODEL, use_neighbours=timed)
    one, other = (learned(Settings(model, of), timed) for of in (whole, parts))
    assert_close(one, other)


def test_halves_of_sets_that_are_added_up_are_one_step_of_them_all() -> None:
    whole = replace(RECIPES["spectral"].training, queries=USERS)
    parts = replace(whole, queries=10, accumulate=4)
    model = RECIPES["spectral"].model
    assert_close(learned(Settings(model, whole)), learned(Settings(model, parts)))


def test_steps_are_grouped_in_order_the_last_group_smaller() -> None:
    groups = TrainConfig(accumulate=3).groups([1, 2, 3, 4])
    assert groups == [[1, 2, 3], [4]]
    with pytest.raises(ValueError, match="accumulate must be at least 1"):
        TrainConfig(accumulate=0)


def test_half_floats_change_little_and_reach_neither_weights_nor_loss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = Settings(MODEL, TrainConfig(epochs=2, folds=2, dropout=0.0))
    exact = learned(settings, timed=True)
    monkeypatch.setattr(
        training, "_half_floats", lambda device: torch.autocast("cpu", torch.bfloat16)
    )
    half = learned(settings, timed=True)
    assert all(value.dtype == exact[name].dtype for name, value in half.items())
    assert not torch.equal(half["curve"], exact["curve"])
    torch.testing.assert_close(half["curve"], exact["curve"], rtol=1e-2, atol=0)


def test_nothing_is_in_half_floats_on_a_cpu() -> None:
    with training._half_floats(CPU):
        assert (torch.ones(1, 1) @ torch.ones(1, 1)).dtype == torch.float32


def test_one_process_does_all_by_itself() -> None:
    with distributed.joined(CPU):
        assert (distributed.world(), distributed.rank()) == (1, 0)
        assert distributed.own(7) == slice(0, 7)
        assert distributed.of_first(lambda: 3) == 3
        assert distributed.total(0.1) == 0.1


#: Each process trains every recipe, and writes what it has learned; then once more with
#: checkpoints, of a training that had ended after its first epoch.
PROGRAM = """
import sys, torch
from pathlib import Path
from safetensors.torch import save_file
from test_distributed import RECIPES, learned
from gnn import distributed
from gnn.checkpoints import Checkpoints

folder = Path(sys.argv[1])
with distributed.joined(torch.device("cpu")):
    rank = distributed.rank()
    assert distributed.of_first(lambda: rank) == 0
    assert distributed.total(rank + 1.0) == 3.0
    gradients = [torch.zeros(2, requires_grad=True) for _ in range(3)]
    gradients[rank].grad = torch.tensor([1.0, 2.0])
    distributed.add_gradients(gradients)
    found = [g.grad if g.grad is None else g.grad.tolist() for g in gradients]
    assert found == [[1, 2], [1, 2], None]
    for name, settings in RECIPES.items():
        save_file(learned(settings), folder / f"{name}-{rank}")
        checkpoints = Checkpoints(folder / "kept" / str(rank))
        save_file(learned(settings, checkpoints=checkpoints), folder / f"{name}-kept-{rank}")
        save_file(learned(settings, checkpoints=checkpoints), folder / f"{name}-again-{rank}")
"""


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    words = [sys.executable, "-W", "ignore", "-m", "torch.distributed.run", "--standalone"]
    subprocess.run(
        [*words, "--nproc-per-node", "2", program, tmp_path],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
        check=True,
        timeout=300,
    )
    for name, settings in RECIPES.items():
        first, second = (load_file(tmp_path / f"{name}-{rank}") for rank in (0, 1))
        assert all(torch.equal(first[key], second[key]) for key in first), name
        assert_close(first, learned(settings))
        for again in ("kept", "again"):
            found = [load_file(tmp_path / f"{name}-{again}-{rank}") for rank in (0, 1)]
            assert all(torch.equal(first[key], other[key]) for key in first for other in found)
    # The first process alone keeps what is kept.
    assert len(list((tmp_path / "kept" / "0").glob("*.pt"))) == len(RECIPES)
    assert not (tmp_path / "kept" / "1").exists()
