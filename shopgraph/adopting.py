"""The command that takes a graph which is there already."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from shopgraph.answers import AsJson, emit
from shopgraph.options import moment

app = typer.Typer()


@app.command(epilog="Example: shopgraph adopt mapping.yaml --until 2026-01-01")
def adopt(
    mapping: Annotated[Path, typer.Argument(help="YAML: your labels, types and keys.")],
    until: Annotated[str | None, typer.Option(help="Only events before this time.")] = None,
    as_json: AsJson = False,
) -> None:
    """Take the graph that is in the database, with your own labels and types; repeatable."""
    from ingestion.mapped import adopt as take
    from ingestion.mapping import read_mapping
    from shopgraph.progress import progress
    from shopgraph.workspace import here

    before = moment(until)
    # Refused before a server is started for it.
    read_mapping(mapping)
    workspace = here()
    with workspace.write("adopt") as graph, progress("adopting") as advance:
        report = take(graph, mapping, rejects_dir=workspace.rejects, until=before, progress=advance)
    loaded = report.load
    rejected = sum(loaded.rejected.values())
    text = (
        f"{report.users} users and {report.products} products are ours now; {loaded.read} rows "
        f"read: {loaded.written} written, {loaded.unchanged} unchanged, {rejected} rejected"
    )
    facts = asdict(loaded) | {"users": report.users, "products": report.products}
    emit(
        facts,
        text if loaded.rejects_file is None else f"{text}\nsee {loaded.rejects_file}",
        as_json,
    )
