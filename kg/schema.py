"""The graph's schema: numbered files, applied once and in order."""

from __future__ import annotations

import logging

from kg.connection import CYPHER, Graph
from kg.errors import SchemaTooNew

log = logging.getLogger(__name__)


def schema_files() -> dict[int, str]:
    """Statement names of the schema by number, in order."""
    paths = sorted((CYPHER / "schema").glob("[0-9]*.cypher"))
    return {int(path.stem.partition("_")[0]): f"schema/{path.stem}" for path in paths}


def read_schema_version(graph: Graph) -> int:
    """The number of the newest schema file this graph has had; 0 before the first."""
    rows = graph.read("schema/read_version")
    return int(rows[0]["version"]) if rows else 0


def migrate(graph: Graph) -> int:
    """Bring the graph's schema up to this program's; safe to repeat.

    Returns:
        How many files were applied.

    Raises:
        SchemaTooNew: a newer program has written this graph.
    """
    files = schema_files()
    version = read_schema_version(graph)
    if version > max(files):
        raise SchemaTooNew(
            f"This graph has schema {version}, this program knows {max(files)}: "
            "use the newer shopgraph that wrote it"
        )
    pending = {number: name for number, name in files.items() if number > version}
    for name in pending.values():
        graph.run(name)
    if pending:
        # Once: each file is safe to repeat, and a transaction for each took a third of the time.
        graph.write("schema/write_version", version=max(pending))
        graph.read("schema/await_indexes", seconds=600)
        log.info("schema brought from %d to %d", version, max(files))
    return len(pending)
