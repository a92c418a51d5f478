"""neo4j-admin on a home whose server is down: its password, bulk import, dump and load."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from kg.errors import LocalServerError
from kg.local import process as processes
from kg.local.distribution import Progress, fetch
from kg.local.home import Home
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
    place = Home(home)
    with place.held():
        if processes.find(place) is not None:
            raise LocalServerError(f"The server in {place.root} runs: stop it first")
        return administer(
            place, fetch(cache, progress=progress), memory or moderate(machine_mb()), arguments
        )


def set_password(home: Home, jars: Sequence[Path], memory: Memory) -> None:
    """Give a home that never ran its password; the server reads it at its first start.

    Raises:
        LocalServerError: a store that has a password is there, and its password is not; or
            the disk is too full for a new store.
    """
    if not home.has_store:
        if lack := home.lack_of_room():
            raise LocalServerError(f"Cannot begin a store: {lack}")
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
    file = home.run / "admin.args"
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
