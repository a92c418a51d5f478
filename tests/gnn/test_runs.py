"""A run's folder: whole or absent, loaded again to the same scores, without pickle."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from gnn import runs
from gnn.config import ModelConfig, TrainConfig
from gnn.histories import Histories
from gnn.knowledge import Knowledge
from gnn.training import fit
from kg.records import NO_TIME


@pytest.fixture(scope="module")
def past() -> Histories:
    rng = np.random.default_rng(0)
    user, product = np.repeat(np.arange(6), 4), rng.integers(0, 5, 24)
    kind, time = np.full(24, 3), np.full(24, NO_TIME)
    return Histories.from_events(user, product, kind, time, np.arange(24), 6, 5)


def facts(run_id: str = "20260101-000000-abcd") -> runs.Run:
    return runs.Run(
        run_id=run_id,
        created_at="2026-01-01T00:00:00+00:00",
        cutoff=None,
        protocol="leave-one-out",
        target_kind="purchase",
        model=ModelConfig(dim=8),
        training=TrainConfig(epochs=1, folds=2),
        metrics={"ndcg@10": 0.5},
        validation=[],
        counts={"users": 6},
        seconds=1.0,
        peak_mb=2.0,
        device="cpu",
        versions=runs.versions(),
    )


def test_a_run_loads_again_to_the_same_facts_and_scores(tmp_path: Path, past: Histories) -> None:
    run = facts()
    knowledge = Knowledge(np.zeros((5, 1), "f4"), np.zeros(5, bool))
    trained = fit(past, knowledge, run.model, run.training, 3, torch.device("cpu"))
    recommender = trained.at(NO_TIME)
    folder = runs.save_run(tmp_path, run, recommender, list("uvwxyz"), list("abcde"))
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", ".json", ".safetensors"]
    assert runs.load_run(tmp_path, run.run_id) == run
    assert runs.load_ids(tmp_path, run) == (list("uvwxyz"), list("abcde"))
    again = runs.load_recommender(tmp_path, run)
    assert (again.score(past, None) == recommender.score(past, None)).all()


def test_a_half_written_run_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / ".20260101-000000-abcd.partial").mkdir()
    (tmp_path / ".20260101-000000-abcd.partial" / runs.FACTS).write_text("{}")
    assert runs.list_runs(tmp_path) == []


def test_an_unknown_and_a_broken_run_are_told_apart_from_a_whole_one(tmp_path: Path) -> None:
    with pytest.raises(runs.UnknownRunFolder, match="No run 'x'"):
        runs.load_run(tmp_path, "x")
    (tmp_path / "y").mkdir()
    (tmp_path / "y" / runs.FACTS).write_text("{")
    with pytest.raises(runs.UnknownRunFolder, match="cannot be read"):
        runs.load_run(tmp_path, "y")
    with pytest.raises(runs.UnknownRunFolder, match="no readable weights"):
        runs.load_recommender(tmp_path, facts("z"))


def test_weights_of_another_version_are_told_in_one_line(tmp_path: Path, past: Histories) -> None:
    run = facts()
    knowledge = Knowledge(np.zeros((5, 1), "f4"), np.zeros(5, bool))
    trained = fit(past, knowledge, run.model, run.training, 3, torch.device("cpu"))
    file = runs.save_run(tmp_path, run, trained.at(NO_TIME), [], []) / runs.WEIGHTS
    weights = load_file(file)
    lost = {name: of for name, of in weights.items() if not name.startswith("neighbours.matrix")}
    save_file(lost, file)
    with pytest.raises(runs.UnknownRunFolder, match="another version: train again"):
        runs.load_recommender(tmp_path, run)
    # Of another shape.
    save_file(weights | {"model.users.beta": torch.zeros(1, 1)}, file)
    with pytest.raises(runs.UnknownRunFolder, match="another version"):
        runs.load_recommender(tmp_path, run)


def test_ids_sort_by_time() -> None:
    early = runs.new_run_id(datetime(2026, 1, 2, tzinfo=UTC))
    late = runs.new_run_id(datetime(2026, 1, 2, 0, 0, 1, tzinfo=UTC))
    assert early < late
    assert early.startswith("20260102-000000-")
