"""The local Neo4j of a folder: started, stopped, described."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from kg.local import process as processes
from kg.local.admin import clear_broken_import, set_password
from kg.local.distribution import Progress, fetch
from kg.local.home import Home
from kg.local.lock import read_lock
from kg.local.memory import Memory, machine_mb, moderate
from kg.local.ports import USUAL
from kg.local.start import (
    STOP_SECONDS,
    USER,
    adopt,
    comes_to_answer,
    database_status,
    start,
)


@dataclass(frozen=True)
class ServerInfo:
    """A local server: whether it runs, and where; where it last was or would be if it does not."""

    running: bool
    bolt: str
    browser: str
    user: str
    password_file: Path
    logs: Path
    pid: int | None
    version: str

    def read_password(self) -> str:
        """The password, from its file."""
        return self.password_file.read_text(encoding="utf-8").strip()


def up(
    home: Path,
    *,
    memory: Memory | None = None,
    usual_ports: bool = True,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> ServerInfo:
    """Start a home's server and wait until it answers; one that runs is left as it is.

    Args:
        memory: by default a moderate share of the machine's.
        usual_ports: at the first start try 7687 and 7474 before any free ones.
        cache: where the machine keeps the jars.
        progress: told of jars being fetched.

    Raises:
        LocalServerError: it cannot be fetched or started.
    """
    place = Home(home)
    with place.held():
        process = processes.find(place)
        if process is not None and not place.password_file.exists():
            # The home was deleted under its server: what that one holds is lost already.
            process.kill()
            processes.wait_until_ended(process, STOP_SECONDS)
            process = None
        if process is not None:
            adopt(place, process)
        # One that is just dying is not yet gone, and never answers.
        if process is None or not comes_to_answer(place, process):
            jars = fetch(cache, progress=progress)
            memory = memory or moderate(machine_mb())
            clear_broken_import(place)
            set_password(place, jars, memory)
            process = start(place, jars, memory, usual_ports)
        return describe(place, process.pid)


def down(home: Path) -> ServerInfo:
    """Stop a home's server and wait until it has; safe to repeat.

    Raises:
        LocalServerError: it does not stop.
    """
    place = Home(home)
    if place.root.is_dir():
        with place.held():
            process = processes.find(place)
            if process is not None:
                processes.stop(process, STOP_SECONDS)
    return describe(place, None)


def status(home: Path) -> ServerInfo:
    """Describe a home's server; changes nothing and waits for nobody."""
    place = Home(home)
    process = processes.find(place)
    return describe(place, process.pid if process else None)


def answers(home: Path) -> bool:
    """Whether a home's server takes queries; one that starts, or is just dying, runs and does not.

    Raises:
        LocalServerError: it refuses the password.
    """
    place = Home(home)
    started = place.read_started()
    if started is None or processes.find(place) is None:
        return False
    return database_status(place, started)[0] == "online"


def describe(home: Home, pid: int | None) -> ServerInfo:
    """What a caller needs to know of a home's server."""
    started = home.read_started()
    ports = started.ports if started else USUAL
    address = quote(f"bolt://{USER}@127.0.0.1:{ports.bolt}", safe="")
    return ServerInfo(
        running=pid is not None,
        bolt=f"bolt://127.0.0.1:{ports.bolt}",
        browser=f"http://127.0.0.1:{ports.http}/browser/?connectURL={address}",
        user=USER,
        password_file=home.password_file,
        logs=home.logs,
        pid=pid,
        version=started.version if started else read_lock().server,
    )
