"""Which jars make the local server, and their sums; rewritten with ``python -m kg.local.lock``."""

from __future__ import annotations

import argparse
import logging
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jgo

from kg.errors import LocalServerError

log = logging.getLogger(__name__)

LOCK = Path(__file__).with_name("neo4j.lock.toml")

#: What the jars are resolved from, at the server's version. The first holds the main class.
SERVER = (
    "org.neo4j:neo4j",
    "org.neo4j.app:neo4j-server",
    "org.neo4j:neo4j-import-tool",
    "org.neo4j:neo4j-consistency-check",
)
BROWSER = "org.neo4j.client:neo4j-browser"

HEADER = """\
# The jars of the local Neo4j Community server and its Browser: coordinates and SHA-256 sums.
#
# Made by `python -m kg.local.lock --server {server} --browser {browser}`, which resolves the
# dependencies anew (some minutes). To move to another version run it with that version, set
# the same one in docker-compose.yml, and run the tests. A line is group:artifact:version, then
# :classifier where the jar is for one platform.
"""


@dataclass(frozen=True)
class Jar:
    """One file of the distribution."""

    group: str
    artifact: str
    version: str
    classifier: str
    sha256: str

    @property
    def name(self) -> str:
        """The file's name, the same in every repository."""
        suffix = f"-{self.classifier}" if self.classifier else ""
        return f"{self.artifact}-{self.version}{suffix}.jar"

    @property
    def coordinate(self) -> str:
        """``group:artifact:version``, and the classifier where there is one."""
        parts = [self.group, self.artifact, self.version, self.classifier]
        return ":".join(part for part in parts if part)


@dataclass(frozen=True)
class Lock:
    """A server's version, its Browser's, and all their jars in the order of the class path."""

    server: str
    browser: str
    jars: tuple[Jar, ...]


def parse(coordinate: str, sha256: str) -> Jar:
    """A jar from a line of the lock.

    Raises:
        ValueError: the coordinate has too few or too many parts.
    """
    group, artifact, version, *rest = coordinate.split(":")
    if len(rest) > 1:
        raise ValueError(f"Not group:artifact:version[:classifier]: {coordinate!r}")
    return Jar(group, artifact, version, rest[0] if rest else "", sha256)


def read_lock(path: Path = LOCK) -> Lock:
    """The lock in a file."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    jars = tuple(parse(coordinate, sha256) for coordinate, sha256 in data["jars"].items())
    return Lock(data["server"], data["browser"], jars)


def write_lock(lock: Lock, path: Path = LOCK) -> None:
    """Write a lock; the same lock always gives the same bytes."""
    lines = [
        HEADER.format(server=lock.server, browser=lock.browser),
        f'server = "{lock.server}"',
        f'browser = "{lock.browser}"',
        "",
        "[jars]",
        *(f'"{jar.coordinate}" = "{jar.sha256}"' for jar in lock.jars),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def resolve(server: str, browser: str) -> Lock:
    """Resolve every jar those versions need, over the network."""
    endpoint = "+".join([*(f"{name}:{server}" for name in SERVER), f"{BROWSER}:{browser}"])
    with tempfile.TemporaryDirectory() as folder:
        found = jgo.build(endpoint, cache_dir=Path(folder)).lockfile
    if found is None or not all(each.sha256 for each in found.dependencies):
        raise LocalServerError(f"jgo gives no sums for {endpoint}")
    jars = [
        Jar(each.groupId, each.artifactId, each.version, each.classifier or "", each.sha256 or "")
        for each in found.dependencies
    ]
    return Lock(server, browser, tuple(jars))


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the lock of the versions asked for; those of the present lock where none is."""
    present = read_lock()
    parser = argparse.ArgumentParser(prog="python -m kg.local.lock", description=main.__doc__)
    parser.add_argument("--server", default=present.server, help="Neo4j, such as 2026.09.0")
    parser.add_argument("--browser", default=present.browser, help="Browser, such as 5.24.0")
    wanted = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    lock = resolve(wanted.server, wanted.browser)
    write_lock(lock)
    log.info("%s: %d jars of Neo4j %s", LOCK, len(lock.jars), lock.server)


if __name__ == "__main__":
    main()
