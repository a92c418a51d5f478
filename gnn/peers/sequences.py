"""SASRec and its kin from RecTools, in a process and an environment of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

import numpy as np

from gnn.behaviour import Kinds, event_counts, positives
from gnn.histories import Histories, IntArray
from gnn.linear import with_popularity
from gnn.peers.environment import python_with
from gnn.recommender import Context, FloatArray, MissingInput
from gnn.stopping import train_until_worse

#: RecTools wants an older NumPy and pandas than ours.
REQUIREMENTS = ("rectools[torch]==0.19.0",)

#: The share of the histories that are read whole; of the others the newest events are.
MOST_WHOLE = 0.95

#: Epochs without a gain that end a training: with LiGR layers validation first falls for a few.
PATIENCE = 20

WORKER = Path(__file__).with_name("rectools_worker.py")


class SequenceSettings(Protocol):
    """What every model here has: at most so many epochs, and which events it reads."""

    @property
    def epochs(self) -> int:
        """How many epochs at most."""
        ...

    @property
    def kinds(self) -> Kinds:
        """Which kinds of event are in the sequences; how much each weighs is no matter."""
        ...


S = TypeVar("S", bound=SequenceSettings)


class Process:
    """A worker that answers one request after another; it ends with the object.

    Raises:
        MissingInput: it cannot be started.
    """

    def __init__(self) -> None:
        python = python_with("rectools", REQUIREMENTS)
        self.folder = Path(tempfile.mkdtemp(prefix="shopgraph-peer-"))
        self._log = (self.folder / "log").open("w+")
        self._process = subprocess.Popen(
            [str(python), "-I", str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=self.folder,
            env=os.environ | {"OMP_WAIT_POLICY": "PASSIVE"},
            text=True,
        )
        # At the latest when the program ends; a reference to self would keep it from ending before.
        self._end = weakref.finalize(self, _end, self._process, self._log, self.folder)

    def ask(self, do: str, **request: Any) -> None:
        """Send a request and wait until it is done.

        Raises:
            MissingInput: the worker ended instead; with the last line it wrote.
        """
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise ValueError("the worker has no pipes")
        try:
            process.stdin.write(json.dumps({"do": do, **request}) + "\n")
            process.stdin.flush()
            answered = process.stdout.readline()
        except BrokenPipeError:
            answered = ""
        if not answered:
            self._log.seek(0)
            last = self._log.read().strip().rpartition("\n")[2]
            raise MissingInput(f"RecTools failed: {last or 'without a word'}")


@dataclass(frozen=True)
class SequenceRecommender:
    """Dot products of an encoded history with the products' embeddings."""

    process: Process
    target_kind: int
    popularity: FloatArray
    settings: Any

    def score(self, queries: Histories, now: IntArray | None) -> FloatArray:
        """Score every product for every query."""
        asked = positives(queries, self.settings.kinds, self.target_kind)
        vectors = self.process.folder / "vectors.npz"
        self.process.ask("encode", queries=_saved(asked, self.process), into=str(vectors))
        with np.load(vectors) as arrays:
            scores: FloatArray = arrays["users"] @ arrays["items"].T
        # What was never trained on has no vector: it comes after all that has.
        scores[:, self.popularity == 0] = scores.min(axis=1, keepdims=True)
        return with_popularity(scores, self.popularity)


def fit_sequences(
    train: Histories,
    settings: S,
    context: Context,
    arguments: Mapping[str, Any],
) -> SequenceRecommender:
    """Train on every user's events in order until validation gets worse or time is up.

    Raises:
        MissingInput: there is no environment with RecTools, or it fails.
    """
    kept = positives(train, settings.kinds, context.target_kind)
    popularity = event_counts(train, settings.kinds, context.target_kind)
    if not (kept.lengths >= 2).any():
        raise MissingInput("sequences of two events at least are needed")
    process = Process()
    found = SequenceRecommender(process, context.target_kind, popularity, settings)
    # Every sequence is filled up to the same length, which a few long ones must not decide.
    most = int(np.quantile(kept.lengths[kept.lengths >= 2], MOST_WHOLE, method="higher"))
    length = min(arguments["session_max_len"], most)
    process.ask(
        "start",
        train=_saved(kept, process),
        num_products=kept.num_products,
        seed=context.seed,
        arguments=dict(arguments) | {"session_max_len": length},
    )
    epochs = train_until_worse(
        lambda: process.ask("train", epochs=1),
        lambda: found,
        lambda: process.ask("keep"),
        lambda: process.ask("restore"),
        context,
        settings.epochs,
        patience=PATIENCE,
    )
    return replace(found, settings=replace(settings, epochs=epochs))  # type: ignore[type-var]


def _saved(histories: Histories, process: Process) -> str:
    path = process.folder / "histories.npz"
    np.savez(path, indptr=histories.indptr, product=histories.product)
    return str(path)


def _end(process: subprocess.Popen[str], log: IO[str], folder: Path) -> None:
    """End a worker and take its files away."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout, log):
        if pipe is not None:
            pipe.close()
    shutil.rmtree(folder, ignore_errors=True)
