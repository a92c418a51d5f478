"""neo4j-admin on a home whose server is down: its password, bulk import, dump and load."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from kg.errors import LocalServerError
from kg.local import process as processes
from kg.local.distribution import Progress, fetch
from kg.local.home import DATABASE, Home
from kg.local.java import JAVA, environment, write_arguments
from kg.local.memory import Memory, machine_mb, moderate
from kg.local.ports import USUAL


def run_admin(
    home: Path,
    *arguments: str,
    memory: Memory | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> str:
    """Run a command of neo4j-admin on a home whose server is down, and return what it said.

    Raises:
        LocalServerError: the server runs, or the command fails.
    """
    with _stopped(home) as place:
        clear_broken_import(place)
        return administer(
            place, fetch(cache, progress=progress), memory or moderate(machine_mb()), arguments
        )


@contextmanager
def _stopped(home: Path) -> Iterator[Home]:
    """A home held by this program alone, whose server is down."""
    place = Home(home)
    with place.held():
        if processes.find(place) is not None:
            raise LocalServerError(f"The server in {place.root} runs: stop it first")
        yield place


def import_full(
    home: Path,
    arguments: Sequence[str],
    *,
    memory: Memory | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Path:
    """Replace the graph of a home whose server is down by what an import reads.

    An import that is killed or fails leaves an empty store: from its beginning to its end a mark
    lies in the home, and whoever finds it removes what that import has written.

    Returns:
        The file that names the rows which the import did not take.

    Raises:
        LocalServerError: the server runs, or the import fails.
    """
    with _stopped(home) as place:
        jars = fetch(cache, progress=progress)
        memory = memory or moderate(machine_mb())
        clear_broken_import(place)
        set_password(place, jars, memory)
        report = place.root / "import-report.txt"
        report.unlink(missing_ok=True)
        # The name comes first: options that take several files would swallow it.
        told = [DATABASE, f"--report-file={report}", "--overwrite-destination", *arguments]
        place.importing.touch()
        administer(place, jars, memory, ["database", "import", "full", *told])
        place.importing.unlink()
        return report


def clear_broken_import(home: Home) -> None:
    """Remove what an import that did not end has written; nothing where none is marked."""
    if not home.importing.exists():
        return
    # Its Java goes on when the program that started it is killed.
    for process in psutil.process_iter():
        if processes.runs(process, home.admin_arguments):
            with suppress(psutil.NoSuchProcess):
                process.kill()
            processes.wait_until_ended(process, processes.DYING_SECONDS)
    for kind in ("databases", "transactions"):
        shutil.rmtree(home.neo4j / "data" / kind / DATABASE, ignore_errors=True)
    home.importing.unlink()


def set_password(home: Home, jars: Sequence[Path], memory: Memory) -> None:
    """Give a home that never ran its password; the server reads it at its first start.

    Raises:
        LocalServerError: a store that has a password is there, and its password is not; or
            the disk is too full for a new store.
    """
    if not home.has_store:
        if lack := home.lack_of_room():
            raise LocalServerError(f"Cannot begin a store: {lack}")
        # An import before the first start has set it already.
        if not (home.has_password and home.password_file.exists()):
            administer(home, jars, memory, ["dbms", "set-initial-password", home.password()])
    elif not home.password_file.exists():
        raise LocalServerError(
            f"{home.password_file} is missing and the store in {home.neo4j} needs it: "
            "put it back, or remove the folder to begin anew"
        )


def administer(home: Home, jars: Sequence[Path], memory: Memory, arguments: Sequence[str]) -> str:
    """Run a command of neo4j-admin, its arguments in a file that is then deleted."""
    home.create()
    started = home.read_started()
    home.write_conf(started.ports if started else USUAL, memory)
    file = home.admin_arguments
    try:
        write_arguments(file, memory, jars, "org.neo4j.cli.AdminTool", arguments)
        done = subprocess.run(
            [JAVA, f"@{file}"],
            env=environment(home.neo4j),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    finally:
        file.unlink(missing_ok=True)
    if done.returncode != 0:
        said = processes.telling_line(done.stdout) or f"it ended with {done.returncode}"
        raise LocalServerError(f"neo4j-admin {' '.join(arguments[:2])} failed: {said}")
    return done.stdout
