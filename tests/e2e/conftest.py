"""The program as a person runs it: in a process of its own, in a folder of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kg.connection import Graph, open_graph
from kg.tombstones import read_tombstones
from shopgraph.cli import main
from shopgraph.simulation.shop import simulate

LOG_LINE = re.compile(r"\d\d:\d\d:\d\d ")


@dataclass(frozen=True)
class Outcome:
    """What a command left: its exit code and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON object on stdout."""
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line on stderr that is neither log nor progress."""
        assert "Traceback" not in self.err
        lines = [line for line in self.err.splitlines() if not LOG_LINE.match(line)]
        assert len(lines) == 1, self.err
        assert lines[0].startswith("shopgraph: ")
        return lines[0].removeprefix("shopgraph: ")


@dataclass(frozen=True)
class Person:
    """Somebody in a folder, with the variables of their shell."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, *words: str | Path, stdout: int | None = None, **more: str) -> Outcome:
        """Type a command; ``more`` are further variables."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("NEO4J_")}
        done = subprocess.run(
            [sys.executable, "-m", "shopgraph", *map(str, words)],
            cwd=self.folder,
            env=inherited | dict(self.variables) | more,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if stdout is None else stdout,
            stderr=subprocess.PIPE,
            text=True,
            timeout=500,
            check=False,
        )
        return Outcome(done.returncode, done.stdout or "", done.stderr)

    def quick(self, *words: str | Path) -> Outcome:
        """Type a command in this process, which has loaded already what commands load."""
        streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in "oe"]
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.chdir(self.folder),
            contextlib.redirect_stdout(streams[0]),
            contextlib.redirect_stderr(streams[1]),
        ):
            for name in [name for name in os.environ if name.startswith("NEO4J_")]:
                patch.delenv(name)
            for name, value in self.variables.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["shopgraph", *map(str, words)])
            try:
                main()
            except SystemExit as end:
                code = end.code
        for stream in streams:
            stream.flush()
        out, err = (stream.buffer.getvalue().decode() for stream in streams)
        return Outcome(int(code or 0), out, err)

    def succeed(self, *words: str | Path) -> Any:
        """Type a command with ``--json`` that must go well; what it answers."""
        outcome = self.quick(*words, "--json")
        assert outcome.code == 0, outcome.err
        return outcome.json


@pytest.fixture
def person(tmp_path: Path, server: Any) -> Person:
    """A person whose shell names the session's server."""
    return Person(tmp_path, server.environment())


@pytest.fixture
def loner(tmp_path: Path) -> Person:
    """A person whose shell names no server."""
    return Person(tmp_path)


def contents(graph: Graph) -> list[str]:
    """All there is in a graph, as comparable lines; runs' ids and vectors too."""
    with graph.driver.session(database=graph.database) as session:
        nodes = session.run("MATCH (n) RETURN labels(n) AS l, properties(n) AS p").data()
        edges = session.run(
            "MATCH (a)-[r]->(b) RETURN properties(a) AS a, type(r) AS t, properties(r) AS p, "
            "properties(b) AS b"
        ).data()
    return sorted(repr(row) for row in [*nodes, *edges])


@pytest.fixture
def frozen(graph: Graph) -> Any:
    """Whether the graph still holds what it held when last asked to remember."""
    # The first load of all gives the graph its salt, whatever becomes of the load.
    read_tombstones(graph)

    class Frozen:
        before: list[str] = contents(graph)

        def remember(self) -> None:
            self.before = contents(graph)

        def holds(self) -> bool:
            return contents(graph) == self.before

    return Frozen()


@dataclass(frozen=True)
class Job:
    """The main job done once in a folder with a local server, and what each command answered."""

    person: Person
    tables: Path
    answers: dict[str, Any]

    @contextlib.contextmanager
    def graph(self) -> Iterator[Graph]:
        """The graph on the folder's server."""
        up = self.answers["up"]
        password = Path(up["password_file"]).read_text(encoding="utf-8").strip()
        with open_graph(up["bolt"], up["user"], password, "neo4j") as graph:
            yield graph

    def ask(self, cypher: str, **params: Any) -> list[dict[str, Any]]:
        """Rows of a statement of the test's own."""
        with self.graph() as graph, graph.driver.session(database="neo4j") as session:
            return session.run(cypher, params).data()


@pytest.fixture(scope="session")
def job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Job]:
    """A simulated shop of 80 users and 60 products, from its tables to live recommendations."""
    person = Person(tmp_path_factory.mktemp("job"))
    tables = person.folder / "shop"
    simulate(tables, users=80, products=60)
    settings = {"model": {"dim": 32}, "training": {"epochs": 3}}
    (person.folder / "quick.json").write_text(json.dumps(settings))
    answers = {}
    try:
        for name, words in {
            "status": ["status"],
            "up": ["up"],
            "ingest": ["ingest", "shop"],
            "embed": ["embed"],
            "train": ["train", "--config", "quick.json", "--budget", "1m"],
            "evaluate": ["evaluate", "latest"],
            "publish": ["publish", "latest"],
            "runs": ["runs"],
            "query": ["query", "for_user", "user_id=u0001"],
        }.items():
            answers[name] = person.succeed(*words)
        yield Job(person, tables, answers)
    finally:
        person.quick("down")
