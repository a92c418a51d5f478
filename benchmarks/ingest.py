"""Loading: both roads beside Neo4j's own import, LOAD CSV, and what most people write."""

from __future__ import annotations

import json
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Annotated, Any, Final

import pandas as pd
import typer

from benchmarks.events import count_of, write_events
from benchmarks.store import stored
from ingestion.cleaner import Cleaner
from ingestion.load import load
from ingestion.sources import tables
from kg.bulk.staging import Staging
from kg.bulk.store import fill_store
from kg.connection import Graph
from shopgraph.loading import ingest as load_by_best_road
from shopgraph.workspace import Workspace

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

#: What most people send at once.
MAPS: Final = 1_000

#: Rows that are upserted into all of them: the later half, and no more than so many.
LATE: Final = 500_000

#: Turns of everything, of which the median counts; with more events fresh loads take one.
TURNS: Final = 3
MEDIAN_EVENTS: Final = 2_000_000


@app.command(epilog="Example: shopgraph benchmark ingest ../shared/data/gowalla --json")
def ingest(
    path: Annotated[
        Path | None, typer.Argument(help="A folder with train.txt.gz; without it, simulated.")
    ] = None,
    events: Annotated[str, typer.Option(help="How many to simulate, such as 10m.")] = "800k",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Time every way of the same events into stores of its own; medians of three."""
    try:
        count = count_of(events)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    with tempfile.TemporaryDirectory(prefix="shopgraph-benchmark-") as folder:
        result = measure(Path(folder), path, count)
    if as_json:
        typer.echo(json.dumps(result))
        return
    for row in result["rows"]:
        typer.echo(f"{row['name']:24} {row['value']:12.1f} {row['unit']}")
    for name, ratio in result["ratios"].items():
        typer.echo(f"{name:24} {ratio:12.2f}")


@dataclass(frozen=True)
class Material:
    """The events as a source, and as files that the peers need not prepare."""

    folder: Path
    events: int

    @property
    def source(self) -> Path:
        """The table as a shop exports it."""
        return self.folder / "source" / "interactions.csv"

    @property
    def half(self) -> Path:
        """The later half of its rows or fewer, all views: what is upserted into the whole."""
        return self.folder / "half" / "interactions.csv"

    @property
    def ready(self) -> Path:
        """All rows with identities and lines."""
        return self.folder / "ready.csv"

    @property
    def ready_half(self) -> Path:
        """The same rows as those views."""
        return self.folder / "ready-half.csv"


def measure(folder: Path, path: Path | None, count: int) -> dict[str, Any]:
    """All ways, in seconds, and what they give as ratios."""
    material = prepare(folder, path, count)
    turns = TURNS if material.events <= MEDIAN_EVENTS else 1
    seconds: dict[str, list[float]] = {}
    for _ in range(turns):
        for name, way in (
            ("ours/bulk", bulk),
            ("peer/import", bare_import),
            ("peer/load-csv", load_csv),
        ):
            seconds.setdefault(name, []).append(way(material))
    with filled(material) as (workspace, graph):
        for _ in range(TURNS):
            for name, value in upserts(material, workspace, graph).items():
                seconds.setdefault(name, []).append(value)
    took = {name: median(values) for name, values in seconds.items()}
    rows = [{"name": name, "value": value, "unit": "s"} for name, value in took.items()]
    rows.append({"name": "events", "value": material.events, "unit": "rows"})
    # Of everything above, in this one process: our loader took no more.
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows.append({"name": "ours/peak", "value": peak_mb, "unit": "MB"})
    ratios = {
        "bulk_vs_import": took["peer/import"] / took["ours/bulk"],
        "bulk_vs_load_csv": took["peer/load-csv"] / took["ours/bulk"],
        "upsert_vs_load_csv": took["peer/load-csv-merge"] / took["ours/upsert"],
        "upsert_vs_unwind_maps": took["peer/unwind-maps"] / took["ours/upsert"],
        "unchanged_vs_first": took["ours/upsert"] / took["ours/unchanged"],
    }
    return {"benchmark": "ingest", "rows": rows, "ratios": ratios}


def prepare(folder: Path, path: Path | None, count: int) -> Material:
    """Write the source and the ready-made files."""
    for name in ("source", "half"):
        (folder / name).mkdir()
    material = Material(folder, write_events(path, count, folder / "source" / "interactions.csv"))
    middle = max(material.events // 2, material.events - LATE)
    ids: dict[str, set[str]] = {"user_id": set(), "product_id": set()}
    for number, frame in enumerate(cleaned(material.source)):
        frame = frame[["user_id", "product_id", "position", "interaction_id", "line"]]
        late = frame[frame["line"] > middle + 1]
        for part, file in ((frame, material.ready), (late, material.ready_half)):
            part.to_csv(file, mode="a", header=number == 0, index=False)
        views = late[["user_id", "product_id", "position"]].assign(kind="view")
        views.to_csv(material.half, mode="a", header=number == 0, index=False)
        for column, names in ids.items():
            names.update(frame[column].unique())
    for column, names in ids.items():
        pd.DataFrame({column: sorted(names)}).to_csv(folder / f"{column}.csv", index=False)
    return material


def cleaned(source: Path) -> Iterator[pd.DataFrame]:
    """The source's rows with their identities."""
    cleaner = Cleaner()
    for block in tables.read(source):
        yield cleaner.clean(block).frame
    for rest in cleaner.rest():
        yield rest.frame


def bulk(material: Material) -> float:
    """From the source to a server that answers, its indexes online."""
    with stored() as workspace:
        started = time.monotonic()
        load_by_best_road(workspace, material.source, road="bulk")
        return time.monotonic() - started


def bare_import(material: Material) -> float:
    """Neo4j's import on ready-made files of the same graph, and one start of the server."""
    with stored() as workspace:
        staging = Staging(workspace.home / "ready", datetime.now(UTC))
        for frame in cleaned(material.source):
            staging.add_events(frame)
        arguments = staging.finish()
        started = time.monotonic()
        fill_store(workspace.home, arguments)
        workspace.start(usual_ports=False)
        return time.monotonic() - started


def load_csv(material: Material) -> float:
    """A server's start, the schema, and LOAD CSV of ready-made files in transactions."""
    with stored() as workspace:
        started = time.monotonic()
        with workspace.open() as graph:
            into = workspace.home / "neo4j" / "import"
            for name in ("user_id", "product_id"):
                shutil.copy(material.folder / f"{name}.csv", into)
            shutil.copy(material.ready, into)
            graph.run("benchmark/load_csv_users", file=address("user_id.csv"))
            graph.run("benchmark/load_csv_products", file=address("product_id.csv"))
            now = datetime.now(UTC)
            graph.run("benchmark/load_csv_create", file=address(material.ready.name), now=now)
        return time.monotonic() - started


@contextmanager
def filled(material: Material) -> Iterator[tuple[Workspace, Graph]]:
    """A store that holds the whole source as purchases."""
    with stored() as workspace:
        load_by_best_road(workspace, material.source, road="bulk")
        shutil.copy(material.ready_half, workspace.home / "neo4j" / "import")
        with workspace.open() as graph:
            yield workspace, graph


def upserts(material: Material, workspace: Workspace, graph: Graph) -> dict[str, float]:
    """The same rows into a filled store, by three ways, and by ours again; then taken back."""
    now = datetime.now(UTC)

    def ours() -> None:
        load(graph, material.half.parent, rejects_dir=workspace.rejects)

    def load_csv_merge() -> None:
        file = address(material.ready_half.name)
        graph.run("benchmark/load_csv_merge", file=file, now=now)

    def unwind_maps() -> None:
        for frame in pd.read_csv(
            material.ready_half, chunksize=MAPS, dtype={"user_id": str, "product_id": str}
        ):
            graph.write("benchmark/unwind_maps", rows=frame.to_dict("records"), now=now)

    took = {
        "ours/upsert": timed(ours),
        "ours/unchanged": timed(ours),
        "peer/load-csv-merge": timed(load_csv_merge),
        "peer/unwind-maps": timed(unwind_maps),
    }
    for type_ in ("viewed", "clicked", "carted"):
        graph.run(f"benchmark/delete_{type_}")
    return took


def timed(work: Callable[[], None]) -> float:
    """How many seconds it takes."""
    started = time.monotonic()
    work()
    return time.monotonic() - started


def address(name: str) -> str:
    """A file of the server's import folder, as LOAD CSV wants it."""
    return f"file:///{name}"
