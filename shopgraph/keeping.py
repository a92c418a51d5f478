"""Commands that keep the local store safe: all of it in one file, and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shopgraph.answers import AsJson, emit

if TYPE_CHECKING:
    from shopgraph.workspace import Workspace

app = typer.Typer()

#: What is dumped beside the store: without its runs a graph could only serve.
FOLDERS = ("runs",)


@app.command(epilog="Example: shopgraph dump shop.dump")
def dump(
    file: Annotated[Path, typer.Argument(help="Where it goes; a file there is replaced.")],
    as_json: AsJson = False,
) -> None:
    """Write the local store and its runs to a file; the server is down meanwhile."""
    from kg.local.archive import dump_store

    with _offline("dump") as workspace:
        size = dump_store(workspace.home, file, FOLDERS)
    emit({"file": file, "bytes": size}, f"{file}: {size / 2**20:.1f} MiB", as_json)


@app.command(epilog="Example: shopgraph load shop.dump")
def load(
    file: Annotated[Path, typer.Argument(help="What dump has written.")],
    as_json: AsJson = False,
) -> None:
    """Make the local store and its runs those of a file; what was there is kept once."""
    from kg.local.archive import REPLACED, load_store

    if not file.is_file():
        raise FileNotFoundError(2, "there is no such file", str(file))
    with _offline("load") as workspace:
        load_store(workspace.home, file, FOLDERS)
    kept = workspace.home / REPLACED
    text = f"{file} is loaded; what was here before lies in {kept} until the next load"
    emit({"file": file, "replaced": kept}, text, as_json)


@contextmanager
def _offline(name: str) -> Iterator[Workspace]:
    """The workspace with its server down, up again afterwards where it was.

    Raises:
        ValueError: the environment names another server.
    """
    from kg.local import server
    from shopgraph.jobs import job
    from shopgraph.workspace import here

    workspace = here()
    if workspace.settings.uri is not None:
        raise ValueError(
            f"NEO4J_URI is set: {name} is for the local store; use the server's own tools"
        )
    with job(workspace.home, name):
        was_running = server.status(workspace.home).running
        if was_running:
            server.down(workspace.home)
        try:
            yield workspace
        finally:
            if was_running:
                workspace.start()
