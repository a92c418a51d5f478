"""Training as a person runs it: killed and started again, and shared by two processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

SETTINGS = {"model": {"dim": 16}, "training": {"epochs": 12, "folds": 2}}


@pytest.fixture
def person(job: Any, tmp_path: Path) -> Any:
    """Somebody with runs of their own, whose shell names the server with the job's shop."""
    up = job.answers["up"]
    password = Path(up["password_file"]).read_text(encoding="utf-8").strip()
    names = {"NEO4J_URI": up["bolt"], "NEO4J_USERNAME": up["user"], "NEO4J_PASSWORD": password}
    (tmp_path / "settings.json").write_text(json.dumps(SETTINGS))
    return replace(job.person, folder=tmp_path, variables=names)


def weights(person: Any, run: dict[str, Any]) -> dict[str, torch.Tensor]:
    return load_file(person.folder / ".shopgraph/runs" / run["run_id"] / "weights.safetensors")


def test_a_killed_training_typed_again_ends_with_the_same_weights(person: Any) -> None:
    words = ["train", "--config", "settings.json", "--json"]
    kept = person.folder / ".shopgraph/checkpoints"
    process = subprocess.Popen(
        [sys.executable, "-m", "shopgraph", *words],
        cwd=person.folder,
        env=os.environ | person.variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    # The second training has begun: the first one, for the test, had ended.
    while len(list(kept.glob("*.pt"))) < 2:
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not list((person.folder / ".shopgraph/runs").glob("*/run.json"))
    again = person(*words)
    assert again.code == 0, again.err
    assert "training goes on after epoch 12" in again.err
    assert not list(kept.iterdir())
    whole = person.succeed("train", "--config", "settings.json")
    assert again.json["curve"] == whole["curve"]
    assert len(whole["curve"]) == 12
    first, second = weights(person, again.json), weights(person, whole)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_two_processes_make_one_run_like_that_of_one(person: Any) -> None:
    settings = SETTINGS | {"model": {"dim": 16, "mean_pools": False}}
    (person.folder / "settings.json").write_text(json.dumps(settings))
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    words = ["train", "--config", "settings.json", "--json"]
    done = subprocess.run(
        [*torchrun, "--nproc-per-node", "2", "-m", "shopgraph", *words],
        cwd=person.folder,
        env=os.environ | person.variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    both, one = json.loads(done.stdout), person.succeed("train", "--config", "settings.json")
    assert len(list((person.folder / ".shopgraph/runs").glob("*/run.json"))) == 2
    assert both["curve"] == pytest.approx(one["curve"], rel=1e-4)
    first, second = weights(person, both), weights(person, one)
    for name in ("product_vectors", "product_bias"):
        torch.testing.assert_close(first[name], second[name], rtol=1e-3, atol=1e-4)


def test_torchrun_is_for_training_alone(person: Any) -> None:
    outcome = person("retrain", TORCHELASTIC_RUN_ID="x", WORLD_SIZE="2", RANK="0")
    assert (outcome.code, outcome.complaint) == (2, "torchrun is for train alone")
