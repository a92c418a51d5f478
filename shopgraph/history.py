"""Runs as a table, side by side, and as curves."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from gnn.runs import Run
from shopgraph.options import render_rows

#: What a picture can be.
PICTURES = (".png", ".svg", ".pdf")

SHOWN = ("hr@10", "ndcg@10", "recall@20", "ndcg@20", "coverage@10")


def row(run: Run, live: str | None) -> dict[str, Any]:
    """What ``runs --json`` tells of a run."""
    return {
        "run_id": run.run_id,
        "live": run.run_id == live,
        "mode": run.job.get("mode", "full"),
        "forced": bool(run.job.get("overruled")),
        "cutoff": run.cutoff,
        "protocol": run.protocol,
        **run.metrics,
        "seconds": run.seconds,
        "peak_mb": run.peak_mb,
        "seed": run.training.seed,
        "device": run.device,
        "counts": run.counts,
        "versions": run.versions,
    }


def settings(run: Run) -> dict[str, Any]:
    """A run's settings, model and training in one."""
    return asdict(run.model) | asdict(run.training)


def table(known: Sequence[Run], live: str | None) -> str:
    """A line a run."""
    if not known:
        return "no runs yet"
    return render_rows(
        [
            {
                "run": run.run_id,
                "live": "live" if run.run_id == live else "",
                "training": run.job.get("mode", "full"),
                "until": (run.cutoff or "")[:19],
                **{name: run.metrics.get(name) for name in SHOWN},
                "users": run.counts.get("users"),
                "products": run.counts.get("products"),
                "seconds": f"{run.seconds:.0f}",
                "MB": f"{run.peak_mb:.0f}",
            }
            for run in known
        ]
    )


def side_by_side(known: Sequence[Run], live: str | None) -> str:
    """A column a run: its facts, and of its settings those that differ."""
    columns = []
    for run in known:
        facts = row(run, live)
        counts, versions = facts.pop("counts"), facts.pop("versions")
        columns.append(facts | counts | versions | settings(run))
    names = list(dict.fromkeys(name for column in columns for name in column))
    same = set(settings(known[0]))
    rows = [
        {"": name} | {f"{place}": column.get(name) for place, column in enumerate(columns, 1)}
        for name in names
        if name not in same or len({repr(column.get(name)) for column in columns}) > 1
    ]
    return render_rows(rows)


def check_picture(file: Path | None) -> None:
    """Refuse a picture of no known kind before anything is done for it.

    Raises:
        ValueError: naming the kinds.
    """
    if file is not None and file.suffix not in PICTURES:
        raise ValueError(f"{file} is no picture: {', '.join(PICTURES)}")


def draw_curves(known: Sequence[Run], file: Path) -> None:
    """The loss of every epoch of each run."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for run in known:
        axes.plot(range(1, len(run.curve) + 1), run.curve, marker="o", label=run.run_id)
    axes.set(xlabel="epoch", ylabel="training loss")
    if known:
        axes.legend()
    figure.savefig(file)


def write_events(known: Sequence[Run], folder: Path) -> int:
    """Give TensorBoard what it has not had yet: of each run losses, metrics and settings.

    Returns:
        How many runs were new there.

    Raises:
        ValueError: TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise ValueError(
            "TensorBoard is not installed: pip install 'shopgraph[tensorboard]'"
        ) from error
    new = [run for run in known if not (folder / run.run_id).exists()]
    for run in new:
        began = datetime.fromisoformat(run.created_at).timestamp()
        # Under another name until it is whole: what broke off is written again.
        partial = folder / f".{run.run_id}"
        shutil.rmtree(partial, ignore_errors=True)
        with SummaryWriter(partial) as writer:
            for epoch, loss in enumerate(run.curve, 1):
                writer.add_scalar("loss", loss, epoch, walltime=began)
            chosen = {
                name: value if isinstance(value, bool | int | float | str) else repr(value)
                for name, value in settings(run).items()
            }
            writer.add_hparams(chosen, run.metrics, run_name=".", global_step=len(run.curve))
        partial.rename(folder / run.run_id)
    return len(new)
