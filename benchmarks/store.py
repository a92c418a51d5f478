"""Stores that live as long as one benchmark."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kg.connection import Graph
from kg.local.server import down
from shopgraph.workspace import Workspace, own


@contextmanager
def stored(keep: Path | None = None) -> Iterator[Workspace]:
    """A home of its own without a server yet, gone at the end, or a folder that is kept."""
    home = Path(tempfile.mkdtemp(prefix="shopgraph-benchmark-")) if keep is None else keep
    try:
        yield own(home)
    finally:
        down(home)
        if keep is None:
            shutil.rmtree(home, ignore_errors=True)


@contextmanager
def temporary_store() -> Iterator[tuple[Workspace, Graph]]:
    """A local server on free ports with an empty store, gone at the end."""
    with stored() as workspace:
        workspace.start(usual_ports=False)
        with workspace.open() as graph:
            yield workspace, graph
