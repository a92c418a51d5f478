"""One real Neo4j for the whole session, emptied before every test that asks for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from kg.connection import Graph, open_graph
from kg.local.memory import Memory
from kg.local.server import down, up
from kg.schema import migrate

#: Real data, where a developer has it.
SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@dataclass(frozen=True)
class Server:
    """How the session's server is reached."""

    uri: str
    username: str
    password: str
    browser: str
    database: str = "neo4j"

    def environment(self) -> dict[str, str]:
        """The variables that make the program use this server."""
        return {
            "NEO4J_URI": self.uri,
            "NEO4J_USERNAME": self.username,
            "NEO4J_PASSWORD": self.password,
            "NEO4J_DATABASE": self.database,
        }


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A local server on free ports, or the one that NEO4J_TEST_URI names."""
    if uri := os.environ.get("NEO4J_TEST_URI"):
        yield Server(uri, "neo4j", os.environ.get("NEO4J_TEST_PASSWORD", ""), "")
        return
    home = tmp_path_factory.mktemp("neo4j")
    info = up(home, memory=Memory(heap_mb=1024, page_cache_mb=256), usual_ports=False)
    yield Server(info.bolt, info.user, info.read_password(), info.browser)
    down(home)


@pytest.fixture(scope="session")
def session_graph(server: Server) -> Iterator[Graph]:
    """The session's graph, its schema in place, with whatever the last test left."""
    with open_graph(server.uri, server.username, server.password, server.database) as graph:
        migrate(graph)
        yield graph


@pytest.fixture
def graph(session_graph: Graph) -> Graph:
    """An empty graph with its schema in place."""
    empty(session_graph)
    return session_graph


def empty(graph: Graph) -> None:
    """Delete every node but the schema's, and every index of vectors."""
    with graph.driver.session(database=graph.database) as session:
        session.run(
            "MATCH (n) WHERE NOT n:ShopgraphSchema "
            "CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS"
        ).consume()
        session.run(
            "MATCH (s:ShopgraphSchema) REMOVE s.rows_User, s.rows_Product, s.returns_linked_at"
        ).consume()
        names = session.run("SHOW VECTOR INDEXES YIELD name RETURN name").value()
        for name in names:
            session.run("DROP INDEX $name IF EXISTS", name=name).consume()


@pytest.fixture
def shared_data() -> Path:
    """The folder of real data; the test is skipped where it is missing."""
    if not SHARED_DATA.exists():
        pytest.skip(f"no real data at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def reading() -> Callable[..., object]:
    """Run jobs beside a block, a thread each, with their turn and an event that ends them."""

    @contextmanager
    def beside(*jobs: Callable[[int, threading.Event], None]) -> Iterator[None]:
        stop = threading.Event()
        threads = [threading.Thread(target=job, args=(i, stop)) for i, job in enumerate(jobs)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    return beside
