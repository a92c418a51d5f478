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
def stored() -> Iterator[Workspace]:
    """A home of its own without a server yet, gone at the end."""
    home = Path(tempfile.mkdtemp(prefix="shopgraph-benchmark-"))
    try:
        yield own(home)
    finally:
        down(home)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def temporary_store() -> Iterator[tuple[Workspace, Graph]]:
    """A local server on free ports with an empty store, gone at the end."""
    with stored() as workspace:
        workspace.start(usual_ports=False)
        with workspace.open() as graph:
            yield workspace, graph
