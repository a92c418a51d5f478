"""Which road a load takes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from ingestion.bulk import load_bulk
from ingestion.cleaner import expected_rows
from ingestion.detect import AUTO
from ingestion.load import LoadReport, load
from ingestion.report.quality import Quality
from ingestion.spelling import UNDECLARED, Declared
from kg.bulk.csv_writer import UnfitForImport
from kg.bulk.store import is_new
from shopgraph.workspace import Workspace

log = logging.getLogger(__name__)

Road = Literal["auto", "bulk", "upsert"]

#: With fewer rows the import, and the start it needs, take longer than statements do.
BULK_ROWS: Final = 100_000


def ingest(
    workspace: Workspace,
    source: Path,
    fmt: str = AUTO,
    *,
    until: datetime | None = None,
    declared: Declared = UNDECLARED,
    quality: Quality | None = None,
    progress: Callable[[int], None] | None = None,
    road: Road = "auto",
    cluster: bool = False,
) -> LoadReport:
    """Bring a file or folder into a workspace's graph; safe to repeat.

    An empty local store is filled by Neo4j's import where there are rows enough; everything else
    is merged by statements; so is what a cluster's workers read. All give the same graph.

    Raises:
        SourceError: the source cannot be read, or its rejects cannot be kept.
        ValueError: there is no such format, or the bulk road is asked for and not to be had.
        KgError: the graph cannot be reached.
    """
    if cluster:
        from ingestion.cluster import load_on_cluster

        with workspace.open():
            pass  # the server runs, and its schema is up to date
        return load_on_cluster(
            workspace.access(),
            source,
            fmt,
            rejects_dir=workspace.rejects,
            until=until,
            declared=declared,
            quality=quality,
            progress=progress,
        )
    if road == "bulk" and not can_import(workspace):
        raise ValueError("The bulk road leads into an empty local store alone")
    if road == "bulk" or (
        road == "auto" and expected_rows(source) >= BULK_ROWS and can_import(workspace)
    ):
        try:
            return load_bulk(
                workspace.home,
                workspace.open,
                source,
                fmt,
                rejects_dir=workspace.rejects,
                until=until,
                declared=declared,
                observe=None if quality is None else quality.note,
                progress=progress,
            )
        except UnfitForImport as unfit:
            log.info("not by import: %s", unfit)
    with workspace.open() as graph:
        return load(
            graph,
            source,
            fmt,
            rejects_dir=workspace.rejects,
            until=until,
            declared=declared,
            observe=None if quality is None else quality.note,
            progress=progress,
        )


def can_import(workspace: Workspace) -> bool:
    """Whether the graph is a local store's and empty."""
    if workspace.settings.uri is not None:
        return False
    if is_new(workspace.home):
        return True
    with workspace.open() as graph:
        return bool(graph.read("read/is_empty")[0]["empty"])
