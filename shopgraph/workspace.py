"""Where a folder keeps its server, runs and rejects, and how its graph is reached."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kg.connection import Graph, open_graph
from kg.local.server import ServerInfo, answers, status, up
from kg.schema import migrate
from kg.settings import GraphSettings
from shopgraph.jobs import WAIT_SECONDS, job
from shopgraph.progress import progress

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Workspace:
    """A folder's ``.shopgraph``: the local store, runs and rejected rows.

    ``settings`` with an address choose an existing server instead of the local one.
    """

    home: Path
    settings: GraphSettings

    @property
    def runs(self) -> Path:
        """Folder of the runs, one folder each."""
        return self.home / "runs"

    @property
    def checkpoints(self) -> Path:
        """Folder of what trainings that were stopped go on from."""
        return self.home / "checkpoints"

    @property
    def rejects(self) -> Path:
        """Folder of the rows that loads refused."""
        return self.home / "rejects"

    @property
    def loads(self) -> Path:
        """Folder of what is kept of each load."""
        return self.home / "loads"

    @property
    def cache(self) -> Path:
        """Folder of what has been read from the graph, to be read no second time."""
        return self.home / "cache"

    def start(self, *, usual_ports: bool = True) -> ServerInfo:
        """Start the local server, fetching it first where the machine has none yet."""
        with progress("fetching Neo4j", unit="file") as advance:
            done = 0

            def fetched(count: int, total: int) -> None:
                nonlocal done
                advance(count - done, total)
                done = count

            return up(self.home, usual_ports=usual_ports, progress=fetched)

    def access(self) -> tuple[str, str, str, str]:
        """Uri, user, password and database of the graph, whose local server is started if need be.

        Raises:
            KgError: no graph can be reached.
        """
        if self.settings.uri is not None:
            password = self.settings.password.get_secret_value()
            return (self.settings.uri, self.settings.username, password, self.settings.database)
        server = status(self.home)
        if not server.running:
            log.info("starting the local Neo4j in %s", self.home)
        if not answers(self.home):
            # Also where another command's start was killed, or the server is just dying.
            server = self.start()
        return (server.bolt, server.user, server.read_password(), "neo4j")

    @contextmanager
    def write(self, job_name: str, wait_seconds: float = WAIT_SECONDS) -> Iterator[Graph]:
        """The graph for a job that changes it: one at a time a working folder.

        Raises:
            Busy: another job is still at work after ``wait_seconds``.
            KgError: no graph can be reached.
        """
        with job(self.home, job_name, wait_seconds), self.open() as graph:
            yield graph

    @contextmanager
    def open(self) -> Iterator[Graph]:
        """The graph, its schema up to date; the local server is started where it does not run.

        Raises:
            KgError: no graph can be reached.
        """
        with open_graph(*self.access()) as graph:
            migrate(graph)
            yield graph


def here() -> Workspace:
    """The workspace of the working folder, its server chosen by the environment."""
    return Workspace(Path.cwd() / ".shopgraph", GraphSettings())


def own(home: Path) -> Workspace:
    """A workspace that has nothing to do with the environment's server."""
    return Workspace(home, GraphSettings.model_construct(uri=None))
