"""Runs as tables."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from gnn.config import ModelConfig, TrainConfig
from gnn.runs import Run
from shopgraph.history import check_picture, draw_curves, row, side_by_side, table, write_events

FIRST = Run(
    run_id="first",
    created_at="2026-01-01T00:00:00+00:00",
    cutoff="2026-01-01T00:00:00+00:00",
    protocol="forward",
    target_kind="purchase",
    model=ModelConfig(),
    training=TrainConfig(),
    metrics={"ndcg@20": 0.25},
    validation=[],
    counts={"users": 7},
    seconds=61.4,
    peak_mb=800.0,
    device="cpu",
    versions={"torch": "2"},
    curve=[3.0, 2.0],
)
SECOND = replace(
    FIRST, run_id="second", model=ModelConfig(dim=64), job={"mode": "delta", "overruled": ["x"]}
)


def test_a_line_says_which_run_is_live_and_how_it_was_trained() -> None:
    lines = table([SECOND, FIRST], "second").splitlines()
    assert lines[0].split()[:4] == ["run", "live", "training", "until"]
    assert lines[1].split() == [
        "second",
        "live",
        "delta",
        "2026-01-01T00:00:00",
        "0.2500",
        "7",
        "61",
        "800",
    ]
    assert lines[2].split()[:2] == ["first", "full"]
    assert table([], None) == "no runs yet"


def test_side_by_side_shows_the_settings_that_differ_and_no_others() -> None:
    rows = {
        line.split()[0]: line.split()[1:]
        for line in side_by_side([FIRST, SECOND], None).splitlines()[1:]
    }
    assert rows["dim"] == ["128", "64"]
    assert rows["run_id"] == ["first", "second"]
    assert "epochs" not in rows
    assert row(SECOND, "second")["forced"] is True


def test_curves_are_drawn(tmp_path: Path) -> None:
    draw_curves([FIRST, SECOND], tmp_path / "curves.png")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="no picture"):
        check_picture(tmp_path / "curves.txt")


def test_tensorboard_gets_every_run_once(tmp_path: Path) -> None:
    # What an earlier writing left when it was killed.
    (tmp_path / ".first").mkdir()
    (tmp_path / ".first" / "events").write_text("half")
    assert write_events([FIRST], tmp_path) == 1
    assert write_events([FIRST, SECOND], tmp_path) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "second"]
    told = EventAccumulator(str(tmp_path / "first"))
    told.Reload()
    assert [(each.step, each.value) for each in told.Scalars("loss")] == [(1, 3.0), (2, 2.0)]
    assert [each.value for each in told.Scalars("ndcg@20")] == [0.25]
    assert told.Scalars("loss")[0].wall_time == 1767225600.0
