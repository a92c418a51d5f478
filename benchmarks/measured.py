"""Rows and ratios of a speed benchmark, and the data it is measured on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.published import Published, load_split, read_split
from ingestion.load import load
from kg.connection import Graph
from shopgraph.progress import progress
from shopgraph.workspace import Workspace

#: What is measured on where nothing else is named: public data beside the checkout.
DEFAULT_DATA = Path(__file__).parents[2] / "shared" / "data" / "gowalla"

Data = Annotated[Path, typer.Argument(help="A folder of tables or of train.txt and test.txt.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


@dataclass
class Measured:
    """A benchmark's answer as it grows."""

    benchmark: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    ratios: dict[str, Any] = field(default_factory=dict)

    def add(self, name: str, value: float, unit: str) -> None:
        """One more row, ``ours/…`` or ``peer/…``."""
        self.rows.append({"name": name, "value": value, "unit": unit})

    def tell(self, as_json: bool) -> None:
        """Everything on stdout."""
        whole = {"benchmark": self.benchmark, "rows": self.rows, "ratios": self.ratios}
        lines = [f"{row['name']:36}{row['value']:16.4f} {row['unit']}" for row in self.rows]
        for name, value in self.ratios.items():
            parts = value if isinstance(value, dict) else {"": value}
            lines += [f"{f'{name} {part}':36}{one:16.3f}" for part, one in parts.items()]
        typer.echo(json.dumps(whole) if as_json else "\n".join(lines))


def seconds_of(work: Callable[[], Any], repeats: int = 1) -> float:
    """The best wall time of a few runs."""
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - started)
    return best


def load_path(graph: Graph, workspace: Workspace, path: Path) -> Published | None:
    """Load a folder or file; of published pairs the training part, which is returned whole."""
    with progress("loading") as advance:
        if path.is_dir() and any(path.glob("train.txt*")):
            split = read_split(path)
            scratch = workspace.home / "tables"
            load_split(graph, split, "purchase", scratch, workspace.rejects, advance)
            return split
        load(graph, path, rejects_dir=workspace.rejects, progress=advance)
    return None
