"""The server's process: found, started apart from this one, watched and stopped."""

from __future__ import annotations

import os
import re
import time
from contextlib import suppress
from pathlib import Path

import psutil

from kg.errors import LocalServerError
from kg.local.home import Home
from kg.local.java import JAVA, environment

#: A killed Java closes its files a moment after it has lost its name.
DYING_SECONDS = 10.0


def find(home: Home) -> psutil.Process | None:
    """The process of a home's server.

    The path of the home's argument file on a Java command line tells it from any program that
    was later given the same number. Where the number kept in the home is wrong or lost, all
    processes are looked through.
    """
    started = home.read_started()
    if started is not None:
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(started.pid)
            if serves(process, home):
                return process
            if process.status() == psutil.STATUS_ZOMBIE:
                wait_until_ended(process, DYING_SECONDS)
    return next((each for each in psutil.process_iter() if serves(each, home)), None)


def serves(process: psutil.Process, home: Home) -> bool:
    """Whether a process is the home's server, and not a dead one that nobody waited for."""
    return runs(process, home.arguments)


def runs(process: psutil.Process, arguments: Path) -> bool:
    """Whether a process is the Java that was started on a file of arguments."""
    try:
        return f"@{arguments}" in process.cmdline()[1:2]
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def start(home: Home) -> psutil.Process:
    """Start Java on the home's argument file, in a session of its own, its output in a log.

    Not by subprocess, which complains of a child that outlives its parent. For a moment the
    process may have no command line yet.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    pid = os.posix_spawn(
        JAVA,
        [str(JAVA), f"@{home.arguments}"],
        environment(home.neo4j),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(home.console), flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    return psutil.Process(pid)


def listening(process: psutil.Process) -> set[int]:
    """The ports a process listens on."""
    try:
        connections = process.net_connections("tcp")
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return set()
    return {each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN}


def stop(process: psutil.Process, seconds: float) -> None:
    """Ask a process to end, and wait until it has.

    Raises:
        LocalServerError: it still runs after so many seconds.
    """
    with suppress(psutil.NoSuchProcess):
        process.terminate()
    if not wait_until_ended(process, seconds):
        raise LocalServerError(
            f"The server (process {process.pid}) did not stop within {seconds:.0f} s"
        )


def wait_until_ended(process: psutil.Process, seconds: float) -> bool:
    """Wait for a process that is about to end; whether it has."""
    end = time.monotonic() + seconds
    while not ended(process):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def ended(process: psutil.Process) -> bool:
    """Whether a process is gone, or is but an entry that its parent has not yet read."""
    with suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    try:
        return not process.is_running() or (
            # Its first thread may be dead while others still hold ports and files.
            process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
        )
    except psutil.NoSuchProcess:
        return True


def telling_line(text: str) -> str:
    """What says best why a program ended: its verdict, its last cause, error or line."""
    said = [line.strip() for line in text.splitlines() if line.strip(" \t-")]
    if "Command Failed" in said:
        verdict = said.index("Command Failed") + 1
        return "; ".join(said[verdict : verdict + 3])
    if "USAGE" in said:
        return said[0]
    for pattern in (r"^Caused by: ", r"\bERROR\b|\b(Error|Exception):|^Error", r"^(?!at )"):
        if found := [line for line in said if re.search(pattern, line)]:
            return found[-1]
    return ""
