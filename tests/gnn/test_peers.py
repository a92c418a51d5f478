"""Peers in an environment of their own: the real thing, where it can be had."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gnn.baselines import esasrec, sasrec
from gnn.peers import environment
from gnn.peers.environment import python_with
from gnn.protocols import leave_one_out
from gnn.recommender import Context, MissingInput

SMALL = {
    "factors": 16,
    "negatives": 8,
    "length": 10,
    "epochs": 20,
    "batch": 8,
    "learning_rate": 0.01,
}


@pytest.fixture
def cycles(histories):
    """Everybody goes round the same ring of twelve products, from another one on."""
    return histories([[(user + step) % 12 for step in range(7)] for user in range(60)], 13)


@pytest.mark.slow
@pytest.mark.parametrize("baseline", [sasrec, esasrec])
def test_what_comes_next_is_learned(baseline, cycles, histories) -> None:
    split = leave_one_out.split(cycles)
    settings = replace(baseline.Settings(), **SMALL)
    try:
        model = baseline.fit(cycles, settings, Context(held_out=split.valid))
    except MissingInput as error:
        if "environment" in str(error):
            pytest.skip(str(error))
        raise
    queries = histories([[3, 4, 5], [], [12]], 13)
    scores = model.score(queries, None)
    assert scores.shape == (3, 13)
    assert np.isfinite(scores).all()
    assert np.delete(scores[0], [3, 4, 5]).argmax() == 6 - 3, "the best that is new is the next"
    # Who has done nothing known is answered by popularity, and product 12 by nobody.
    assert np.array_equal(scores[1], scores[2])
    assert np.array_equal(scores[:, 12], scores.min(axis=1))
    again = model.score(histories([[3, 4, 5]], 13), None)
    assert again[0] == pytest.approx(scores[0], abs=1e-5)
    assert 1 <= model.settings.epochs <= 20


def test_without_uv_one_line_says_so(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SHOPGRAPH_CACHE", str(tmp_path))
    monkeypatch.setattr(environment.sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingInput, match="and uv to make it"):
        python_with("peer", ["six"])


def test_what_cannot_be_installed_is_told_in_one_line(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SHOPGRAPH_CACHE", str(tmp_path))
    with pytest.raises(MissingInput, match="could not get an environment") as told:
        python_with("peer", [str(tmp_path / "no-such-wheel.whl")])
    assert "\n" not in str(told.value)
    assert not list((tmp_path / "peers").glob("*/complete"))


def test_an_environment_is_made_once(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("SHOPGRAPH_CACHE", str(tmp_path))
    wheel = _wheel(tmp_path)
    python = python_with("peer", [str(wheel)])
    said = subprocess.run(
        [str(python), "-c", "import peer; print(peer.WORD)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "hello\n"
    wheel.unlink()
    assert python_with("peer", [str(wheel)]) == python


def _wheel(folder: Path) -> Path:
    """A package of one module."""
    source = folder / "source"
    source.mkdir()
    (source / "peer.py").write_text("WORD = 'hello'\n")
    info = source / "peer-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: peer\nVersion: 1\n")
    (info / "WHEEL").write_text(
        "Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    (info / "RECORD").write_text("peer.py,,\n")
    wheel = folder / "peer-1-py3-none-any.whl"
    subprocess.run(
        [sys.executable, "-m", "zipfile", "-c", str(wheel), *map(str, sorted(source.iterdir()))],
        check=True,
    )
    return wheel
