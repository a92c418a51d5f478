"""Training that survives being killed: all that moves in it is kept after every epoch.

A checkpoint is named by a fingerprint of everything that decides the weights. One that is found
was therefore left by the same training, which goes on there as if nothing had happened.
"""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from gnn import distributed
from gnn.config import TrainConfig

log = logging.getLogger(__name__)

#: Goes into every fingerprint: another number where the same settings come to other weights.
FORMAT = 3

#: Days after which nobody comes back to a checkpoint: the shop has moved on since.
STALE_DAYS = 2.0

State = dict[str, Any]


def has_ended(state: State | None) -> bool:
    """Whether the training that a checkpoint is of has come to its end."""
    return state is not None and "optimiser" not in state


@dataclass
class Moving:
    """All that changes from step to step; data and settings stay as they are.

    ``values`` are what validation said after each epoch, where it was asked; ``best`` the weights
    of the best of them.
    """

    model: nn.Module
    optimiser: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    rng: np.random.Generator
    curve: list[float]
    values: list[float] = field(default_factory=list)
    best: State | None = None

    def judge(self, value: float) -> None:
        """Note what validation says of the weights; the best are kept, the first of equals."""
        if value > max(self.values, default=-1.0):
            self.best = {name: of.clone() for name, of in self.model.state_dict().items()}
        self.values.append(value)

    def state(self) -> State:
        """What ``restore`` goes on from, PyTorch's own random state included."""
        return {
            "model": self.model.state_dict(),
            "curve": self.curve,
            "values": self.values,
            "best": self.best,
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            "numpy": self.rng.bit_generator.state,
            "torch": torch.get_rng_state(),
        }

    def restore(self, state: State) -> None:
        """Be what was kept; the model and the curve have been set already."""
        self.values, self.best = list(state["values"]), state["best"]
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.rng.bit_generator.state = state["numpy"]
        torch.set_rng_state(state["torch"])


def best_epoch(values: list[float]) -> int:
    """The epoch that validation liked best, the first of equals; 0 where it was never asked."""
    return 1 + values.index(max(values)) if values else 0


def end_epoch(
    moving: Moving,
    loss: float,
    seconds: float,
    config: TrainConfig,
    checkpoint: Checkpoint | None,
    after_epoch: Callable[[int], None] | None,
    value: float | None = None,
) -> bool:
    """Add an epoch's loss to the curve, keep the training, and tell ``after_epoch`` of one.

    ``value`` is what validation says of the epoch, if it is asked.

    Returns:
        Whether that was the last: of all, or since patience is at its end. The weights are then
        those that validation liked best.
    """
    moving.curve.append(loss)
    done = len(moving.curve)
    log.debug("epoch %d of %d: loss %.4f, %.1f s", done, config.last, loss, seconds)
    ended = done >= config.last
    if value is not None:
        moving.judge(value)
        log.debug("validation %.4f after epoch %d", value, done)
        ended = ended or done - best_epoch(moving.values) >= config.patience
        if ended and moving.best is not None:
            moving.model.load_state_dict(moving.best)
    if checkpoint is not None:
        checkpoint.save(moving, ended)
    if after_epoch is not None:
        after_epoch(1)
    return ended


class Checkpoint:
    """One training's file, which is there whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seconds = 0.0  #: what the training had taken when it was kept
        self._since = time.monotonic()

    def load(self) -> State | None:
        """What was kept, on the CPU; None where there is nothing that can be read."""
        state = distributed.of_first(self._read)
        if state is not None:
            self.seconds = state["seconds"]
            log.info("training goes on after epoch %d, where it was stopped", len(state["curve"]))
        return state

    def _read(self) -> State | None:
        try:
            # Weights alone: whatever lies in the file, no code of it is run.
            state: State = torch.load(self.path, map_location="cpu", weights_only=True)
        except FileNotFoundError:
            return None
        except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError) as error:
            log.warning("%s cannot be read, training begins anew: %s", self.path, error)
            return None
        return state

    def save(self, moving: Moving, ended: bool) -> None:
        """Replace what was kept; of a training that has ended only what it came to."""
        if distributed.rank() > 0:
            return
        state = moving.state()
        if ended:
            state = {name: state[name] for name in ("model", "curve", "values")}
        state["seconds"] = self.seconds + time.monotonic() - self._since
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        try:
            with partial.open("wb") as file:
                torch.save(state, file)
                # A name must never point at what a power cut has kept from the disk.
                os.fsync(file.fileno())
            partial.replace(self.path)
        finally:
            partial.unlink(missing_ok=True)


class Checkpoints:
    """The checkpoints of one job, which trains several times: to choose, to measure, to keep."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._used: list[Checkpoint] = []

    def of(self, *decides: object) -> Checkpoint:
        """The checkpoint of the training that all of this decides."""
        found = Checkpoint(self.folder / f"{fingerprint(*decides)}.pt")
        self._used.append(found)
        return found

    def clock(self) -> float:
        """Seconds, with those that trainings had taken before they were stopped."""
        return time.monotonic() + sum(one.seconds for one in self._used)

    def clear(self) -> None:
        """The job is done: delete its checkpoints, and those that nobody came back to."""
        for one in self._used:
            one.path.unlink(missing_ok=True)
        oldest = time.time() - STALE_DAYS * 86_400
        for path in [*self.folder.glob("*.pt"), *self.folder.glob(".*.pt.*")]:
            try:
                if path.stat().st_mtime < oldest:
                    path.unlink()
            except FileNotFoundError:
                log.debug("%s was deleted by another job", path)


def fingerprint(*parts: object) -> str:
    """A name for values: arrays, tensors, dataclasses, mappings and what has a plain ``repr``.

    The versions of what computes, and on how many threads and processes, are part of it: sums in
    another order are other weights.
    """
    digest = hashlib.blake2b(digest_size=16)
    versions = (FORMAT, torch.__version__, np.__version__)
    for part in (versions, torch.get_num_threads(), distributed.world(), *parts):
        _feed(digest, part)
    return digest.hexdigest()


def _feed(digest: Any, part: object) -> None:
    if isinstance(part, Tensor):
        part = part.detach().cpu().numpy()
    if isinstance(part, np.ndarray):
        digest.update(f"{part.dtype}{part.shape}".encode())
        digest.update(np.ascontiguousarray(part).data)
    elif isinstance(part, sp.csr_array):
        _feed(digest, [part.shape, part.indptr, part.indices, part.data])
    elif is_dataclass(part):
        _feed(digest, {field.name: getattr(part, field.name) for field in fields(part)})
    elif isinstance(part, Mapping):
        _feed(digest, [value for pair in sorted(part.items()) for value in pair])
    elif isinstance(part, list | tuple):
        digest.update(f"[{len(part)}".encode())
        for value in part:
            _feed(digest, value)
    else:
        digest.update(f"{part!r};".encode())
