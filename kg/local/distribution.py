"""The server's jars, fetched once for the machine and checked against the lock's sums."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

import platformdirs
from filelock import FileLock
from jgo.config import GlobalSettings
from jgo.maven import MavenContext

from kg.errors import LocalServerError
from kg.local.lock import Jar, Lock, read_lock

log = logging.getLogger(__name__)

#: Told (jars there, jars in all) while fetching.
Progress = Callable[[int, int], None]

#: Fetching waits on the network; checking uses cores.
FETCHERS = 16
CHECKERS = 4
ATTEMPTS = 3


def default_cache() -> Path:
    """The machine's folder for what is fetched: ``SHOPGRAPH_CACHE``, else the system's custom."""
    return Path(os.environ.get("SHOPGRAPH_CACHE") or platformdirs.user_cache_dir("shopgraph"))


def fetch(
    cache: Path | None = None, lock: Lock | None = None, progress: Progress | None = None
) -> list[Path]:
    """Every jar of the lock, in its order; only what is missing or damaged is fetched.

    Safe to repeat, to interrupt, and to run in several processes at once: a jar takes its
    place only when it is whole and its sum is right.

    Raises:
        LocalServerError: the network, a repository or the disk does not give a jar.
    """
    lock = lock or read_lock()
    root = (cache or default_cache()).absolute() / f"neo4j-{lock.server}"
    library = root / "lib"
    if lacking(library, lock.jars):
        with readable(f"Cannot keep Neo4j {lock.server} in {root}"):
            library.mkdir(parents=True, exist_ok=True)
            with FileLock(root / "lock"):
                # Another process may have fetched them while this one waited.
                fetch_all(lacking(library, lock.jars), root, len(lock.jars), progress)
    return [library / jar.name for jar in lock.jars]


def lacking(library: Path, jars: tuple[Jar, ...]) -> list[Jar]:
    """The jars a folder has not, or has with the wrong content."""
    with ThreadPoolExecutor(CHECKERS) as pool:
        right = pool.map(lambda jar: sha256(library / jar.name) == jar.sha256, jars)
        return [jar for jar, is_right in zip(jars, right, strict=True) if not is_right]


def sha256(path: Path) -> str:
    """The sum of a file, empty where there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch_all(jars: list[Jar], root: Path, total: int, progress: Progress | None) -> None:
    """Fetch jars side by side into ``root/lib``."""
    if not jars:
        return
    log.info("Fetching %d of the %d jars of Neo4j into %s", len(jars), total, root)
    # jgo keeps a tree of its own: it lives only while fetching, and starts empty, because jgo
    # takes a file that a killed fetch left half written for the whole one.
    work = root / "fetching"
    shutil.rmtree(work, ignore_errors=True)
    mirrors = GlobalSettings.load().repositories
    context = MavenContext(repo_cache=work, remote_repos=mirrors or None, timeout=30)
    pool = ThreadPoolExecutor(FETCHERS)
    try:
        tasks: list[Future[None]] = [
            pool.submit(fetch_one, jar, context, root / "lib") for jar in jars
        ]
        for done, task in enumerate(as_completed(tasks), start=total - len(jars) + 1):
            task.result()
            if progress:
                progress(done, total)
    finally:
        pool.shutdown(cancel_futures=True)
        shutil.rmtree(work, ignore_errors=True)


def fetch_one(jar: Jar, context: MavenContext, library: Path) -> None:
    """Fetch one jar, check it, and move it into place.

    Raises:
        LocalServerError: it cannot be had, or is not the one that was locked.
    """
    problem = ""
    for _ in range(ATTEMPTS):
        component = context.project(jar.group, jar.artifact).at_version(jar.version)
        artifact = component.artifact(jar.classifier, "jar")
        try:
            path = artifact.resolve()
        except RuntimeError:
            problem = "no repository gives it whole"
        # Errors of the network are among these, without the number that those of the disk have.
        except OSError as error:
            if error.errno is not None:
                raise
            problem = type(error).__name__
        else:
            if sha256(path) == jar.sha256:
                path.replace(library / jar.name)
                return
            problem = "its SHA-256 sum is not the locked one"
        if artifact.cached_path is not None:
            artifact.cached_path.unlink(missing_ok=True)
    raise LocalServerError(
        f"Cannot fetch {jar.coordinate} ({problem}): the local server needs the network once; "
        "check the connection and its proxy, then run the command again to go on"
    )


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Tell a failure of the disk in one line.

    Raises:
        LocalServerError: in place of an OSError inside.
    """
    try:
        yield
    except OSError as error:
        raise LocalServerError(f"{what}: {error.strerror or error}") from error
