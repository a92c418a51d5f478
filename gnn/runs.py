"""A run's folder: weights without pickle, settings, ids, cutoff and metrics as JSON."""

from __future__ import annotations

import json
import secrets
import shutil
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from gnn.config import ModelConfig, TrainConfig
from gnn.inference import VectorRecommender
from gnn.model import SetEncoder, UserEncoder
from gnn.neighbours import NeighbourTerm

FACTS = "run.json"
WEIGHTS = "weights.safetensors"
IDS = "ids.json"


@dataclass(frozen=True)
class Run:
    """What is known of a run besides its weights.

    ``cutoff`` is the moment before which all its events lie, None for data without times;
    ``metrics`` those of the test, ``validation`` those the settings were chosen by.
    ``bookmark_ms`` is when the newest load came in that it has seen, in milliseconds since 1970
    UTC; ``job`` what a retraining found: why, from which run on, and each check of its gate.
    """

    run_id: str
    created_at: str
    cutoff: str | None
    protocol: str
    target_kind: str
    model: ModelConfig
    training: TrainConfig
    metrics: dict[str, float]
    validation: list[dict[str, Any]]
    counts: dict[str, int]
    seconds: float
    peak_mb: float
    device: str
    versions: dict[str, str]
    curve: list[float] = field(default_factory=list)
    bookmark_ms: int | None = None
    job: dict[str, Any] = field(default_factory=dict)


class UnknownRunFolder(ValueError):
    """There is no such run among the folders, or it is not whole."""


def new_run_id(now: datetime) -> str:
    """An id that sorts by time: ``20260921-142530-1f3a``."""
    return f"{now.astimezone(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def save_run(
    folder: Path, run: Run, recommender: VectorRecommender, users: list[str], products: list[str]
) -> Path:
    """Write a run's folder, whole or not at all; returns where it is."""
    target = folder / run.run_id
    partial = folder / f".{run.run_id}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    weights = {
        f"model.{name}": tensor.detach().cpu().contiguous()
        for name, tensor in recommender.model_state.items()
    }
    weights["product_vectors"] = recommender.z.detach().cpu().contiguous()
    weights["product_bias"] = recommender.bias.detach().cpu().contiguous()
    if recommender.neighbours is not None:
        weights |= recommender.neighbours.tensors()
    save_file(weights, partial / WEIGHTS)
    (partial / IDS).write_text(json.dumps({"users": users, "products": products}))
    (partial / FACTS).write_text(json.dumps(asdict(run), indent=1))
    partial.rename(target)
    return target


def list_runs(folder: Path) -> list[str]:
    """The ids of whole runs, the newest first."""
    return sorted((path.parent.name for path in folder.glob(f"[!.]*/{FACTS}")), reverse=True)


def load_run(folder: Path, run_id: str) -> Run:
    """A run's facts.

    Raises:
        UnknownRunFolder: there is none of that id, or its facts cannot be read.
    """
    try:
        facts = json.loads((folder / run_id / FACTS).read_text())
        facts["model"] = ModelConfig(**facts["model"])
        facts["training"] = TrainConfig(**facts["training"])
        return Run(**facts)
    except FileNotFoundError:
        raise UnknownRunFolder(f"No run {run_id!r} in {folder}") from None
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise UnknownRunFolder(f"Run {run_id!r} cannot be read: {error}") from error


def load_recommender(folder: Path, run: Run) -> VectorRecommender:
    """A run's vectors and user encoder, ready to score.

    Raises:
        UnknownRunFolder: the weights are missing or broken, or of another version.
    """
    weights = _read_weights(folder, run)
    try:
        return _recommender(run, weights)
    except (KeyError, RuntimeError) as error:
        lost = f"Run {run.run_id!r} has weights of another version: train again"
        raise UnknownRunFolder(lost) from error


def _recommender(run: Run, weights: dict[str, torch.Tensor]) -> VectorRecommender:
    state = _part(weights, "model.users.")
    encoder: UserEncoder | SetEncoder = UserEncoder(run.model)
    if run.model.spectral:
        products, dim = weights["product_vectors"].shape
        learned = min(run.model.dim, dim)
        sizes = [learned, dim - learned][: len(state["products"])]
        encoder = SetEncoder(products, sizes)
    encoder.load_state_dict(state)
    return VectorRecommender(
        users_encoder=encoder.eval(),
        z=weights["product_vectors"],
        bias=weights["product_bias"],
        history=run.model.history,
        neighbours=NeighbourTerm.from_tensors(weights) if run.model.use_neighbours else None,
        model_state=_part(weights, "model."),
    )


def load_weights(folder: Path, run: Run) -> dict[str, torch.Tensor]:
    """What a training can go on from: the model's parameters; of sets also their vectors and edges.

    Raises:
        UnknownRunFolder: the weights are missing or broken.
    """
    weights = _read_weights(folder, run)
    if not run.model.spectral:
        return _part(weights, "model.")
    beside = ("product_vectors", "neighbours.")
    return _part(weights, "model.") | {
        name: value for name, value in weights.items() if name.startswith(beside)
    }


def _read_weights(folder: Path, run: Run) -> dict[str, torch.Tensor]:
    try:
        weights: dict[str, torch.Tensor] = load_file(folder / run.run_id / WEIGHTS)
    except (FileNotFoundError, SafetensorError) as error:
        raise UnknownRunFolder(f"Run {run.run_id!r} has no readable weights: {error}") from error
    return weights


def load_ids(folder: Path, run: Run) -> tuple[list[str], list[str]]:
    """The keys of a run's user rows and product rows."""
    ids = json.loads((folder / run.run_id / IDS).read_text())
    return ids["users"], ids["products"]


def _part(weights: dict[str, torch.Tensor], prefix: str) -> dict[str, torch.Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in weights.items()
        if name.startswith(prefix)
    }


def versions() -> dict[str, str]:
    """The versions of what computes a run."""
    return {"torch": str(torch.__version__), "numpy": np.__version__}
