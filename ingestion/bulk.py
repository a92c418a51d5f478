"""The road into an empty local store: Neo4j's own import for events, statements for the rest.

Events are nearly all of a shop's rows: they, the users and products that any row names, and the
orders go through the import. Products' and users' own tables, relations, follows and searches wait
on disk, and are merged by the same statements as ever once the server is up again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

import numpy as np

from ingestion import spool
from ingestion.blocks import Rejects
from ingestion.load import LoadReport, Observer, Upserts, load_by
from ingestion.sheet import Cleaned
from ingestion.spelling import UNDECLARED, Declared
from kg.bulk.staging import Staging
from kg.bulk.store import fill_store, staging_folder
from kg.connection import Graph

#: Columns of the tables that wait which name users and products.
NAMED: Final[dict[str, dict[str, str]]] = {
    "deletions": {},
    "products": {"product_id": "Product"},
    "users": {"user_id": "User"},
    "relations": {"product_id": "Product", "other_id": "Product"},
    "follows": {"user_id": "User", "follows_id": "User"},
    "searches": {"user_id": "User", "product_id": "Product"},
}


def load_bulk(
    home: Path,
    open_graph: Callable[[], AbstractContextManager[Graph]],
    source: Path,
    fmt: str,
    *,
    rejects_dir: Path,
    until: datetime | None = None,
    declared: Declared = UNDECLARED,
    observe: Observer | None = None,
    progress: Callable[[int], None] | None = None,
) -> LoadReport:
    """Bring a file or folder into a home's store, whose graph must be empty.

    A load that fails or is killed before its import ends leaves an empty store; after that a
    further load by statements adds what lacks.

    Args:
        open_graph: starts the home's server and brings the schema up to date.

    Raises:
        SourceError: the source cannot be read, or its rejects cannot be kept.
        UnfitForImport: the source holds what the import cannot say; the store is as it was.
        KgError: the import or the server fails.
    """
    folder = staging_folder(home)

    def make_road(now: datetime) -> _Bulk:
        staging = Staging(folder, now)
        files.callback(staging.close)
        return _Bulk(home, open_graph, staging, later)

    try:
        with TemporaryFile() as later, ExitStack() as files:
            return load_by(
                make_road,
                source,
                fmt,
                rejects_dir=rejects_dir,
                until=until,
                declared=declared,
                observe=observe,
                progress=progress,
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Bulk:
    """Rows staged for the import, or kept for after it."""

    def __init__(
        self,
        home: Path,
        open_graph: Callable[[], AbstractContextManager[Graph]],
        staging: Staging,
        later: IO[bytes],
    ) -> None:
        self._home = home
        self._open_graph = open_graph
        self._staging = staging
        self._later = later

    def take(self, cleaned: Cleaned, now: datetime, *, derived: bool = False) -> int:
        """Stage events; in an empty graph each of them is new."""
        frame = cleaned.frame
        if cleaned.table in NAMED:
            for column, label in NAMED[cleaned.table].items():
                if column in frame:
                    self._staging.add_bare(label, frame[column])
            spool.put(self._later, (cleaned, derived))
            return 0
        if cleaned.table == "interactions":
            self._staging.add_events(frame)
        else:
            self._staging.add_reviews(frame)
        return len(frame)

    def finish(self, now: datetime, *, whole: bool) -> tuple[int, Rejects]:
        """Import, start the server, and merge what waited."""
        if not whole:
            return 0, Rejects()
        refused = fill_store(self._home, self._staging.finish())
        written = -len(refused)
        with self._open_graph() as graph:
            upserts = Upserts(graph, expected=0)
            for cleaned, derived in spool.take_all(self._later):
                changed = upserts.take(cleaned, now) + told_nothing(cleaned)
                written += 0 if derived else changed
            upserts.finish(now, whole=True)
        reasons = ["refused-by-import"] * len(refused)
        return written, Rejects.of(self._home, [0] * len(refused), reasons, refused)


def told_nothing(cleaned: Cleaned) -> int:
    """How many users and products are told of by their id alone: new, though nothing changes."""
    if cleaned.table not in ("products", "users"):
        return 0
    absent = np.ones(len(cleaned.frame), dtype=bool)
    for name, values in cleaned.frame.items():
        if name not in (f"{cleaned.table[:-1]}_id", "line"):
            lists = values.dtype == object
            absent &= (~values.map(bool) if lists else values.isna()).to_numpy(bool)
    return int(absent.sum())
