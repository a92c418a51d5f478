"""An empty local store, filled by Neo4j's own import while its server is down."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

from kg.local.admin import import_full
from kg.local.home import Home
from kg.local.server import down

log = logging.getLogger(__name__)


def staging_folder(home: Path) -> Path:
    """Where the files of an import go, on the disk of the store; what a killed load left is gone.

    It is not there yet.
    """
    folder = Home(home).root / "staging"
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def is_new(home: Path) -> bool:
    """Whether nothing has ever filled a home's store, nor a server run there."""
    place = Home(home)
    return not place.has_store and (place.importing.exists() or not place.has_graph)


def fill_store(home: Path, arguments: Sequence[str]) -> list[str]:
    """Stop a home's server, if it runs, and import into its store, whose graph must be empty.

    Returns:
        The rows that the import did not take, as it tells of them.

    Raises:
        LocalServerError: the server does not stop, or the import fails.
    """
    down(home)
    log.info("importing")
    tolerant = ["--skip-bad-relationships", "--skip-duplicate-nodes", "--bad-tolerance=-1"]
    report = import_full(home, [*tolerant, *arguments])
    if not report.exists():
        return []
    told = report.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line for line in told if line.strip()]
