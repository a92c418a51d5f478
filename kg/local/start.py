"""A start of the server, until it takes queries."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path

import neo4j
import psutil
from neo4j.exceptions import AuthError, DriverError, Neo4jError

from kg.connection import statement
from kg.errors import LocalServerError
from kg.local import guide
from kg.local import process as processes
from kg.local.home import DATABASE, Home, Started
from kg.local.java import write_arguments
from kg.local.lock import read_lock
from kg.local.memory import Memory
from kg.local.ports import USUAL, Ports, choose

log = logging.getLogger(__name__)

USER = "neo4j"

#: A start takes some ten seconds; mending a big store after a crash takes longer.
START_SECONDS = 300.0
STOP_SECONDS = 120.0
#: Ports are chosen, then bound by the server: another program may come between.
ATTEMPTS = 3
TAKEN = "Address already in use"


def start(home: Home, jars: Sequence[Path], memory: Memory, usual_ports: bool) -> psutil.Process:
    """Start the server: on the last ports where free, and on others where somebody is faster.

    Raises:
        LocalServerError: it ends, or does not answer in time.
    """
    home.create()
    last = home.read_started()
    wanted = last.ports if last else USUAL if usual_ports else None
    for _ in range(ATTEMPTS - 1):
        try:
            return start_on(choose(wanted), home, jars, memory)
        except LocalServerError:
            if TAKEN not in home.read_console():
                raise
            wanted = None
    return start_on(choose(wanted), home, jars, memory)


def start_on(ports: Ports, home: Home, jars: Sequence[Path], memory: Memory) -> psutil.Process:
    """Start the server on given ports.

    Raises:
        LocalServerError: it ends, or does not answer in time.
    """
    home.write_conf(ports, memory)
    where = [f"--home-dir={home.neo4j}", f"--config-dir={home.conf}", "--console-mode"]
    served = guide.served(jars)
    path = jars if served is None else [served, *jars]
    write_arguments(home.arguments, memory, path, "org.neo4j.server.Neo4jCommunity", where)
    process = processes.start(home)
    # Kept before it answers: a command that is interrupted here loses no server.
    home.write_started(Started(process.pid, ports.bolt, ports.http, read_lock().server))
    if not comes_to_answer(home, process):
        raise LocalServerError(f"The server did not start: {reason(home)} (see {home.logs})")
    return process


def adopt(home: Home, process: psutil.Process) -> None:
    """Keep a server whose start was interrupted, or whose record was lost."""
    started = home.read_started()
    ports = home.read_conf_ports()
    if ports and (started is None or started.pid != process.pid):
        home.write_started(Started(process.pid, ports.bolt, ports.http, read_lock().server))


def comes_to_answer(home: Home, process: psutil.Process) -> bool:
    """Wait until the server's own process takes queries; False where it ends before.

    Raises:
        LocalServerError: it refuses the password, its database fails, or it takes too long.
    """
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if processes.ended(process):
            return False
        # Its own ports: another server there would answer too, or refuse the password.
        started = home.read_started()
        ports = processes.listening(process)
        if started and {started.bolt_port, started.http_port} <= ports:
            status, message = database_status(home, started)
            if status == "online":
                return True
            if message:
                processes.stop(process, STOP_SECONDS)
                raise LocalServerError(
                    f"The database does not start: {reason(home)} (see {home.logs})"
                )
        time.sleep(0.1)
    raise LocalServerError(
        f"The server goes on starting after {START_SECONDS:.0f} s: see {home.logs}"
    )


def database_status(home: Home, started: Started) -> tuple[str, str]:
    """The database's status and what is wrong with it; nothing while nobody answers.

    Raises:
        LocalServerError: the server refuses the password.
    """
    address = f"bolt://127.0.0.1:{started.bolt_port}"
    try:
        with (
            neo4j.GraphDatabase.driver(address, auth=(USER, home.password())) as driver,
            driver.session(database="system") as session,
        ):
            row = session.run(statement("local/database_status"), name=DATABASE).single()
    except AuthError as error:
        raise LocalServerError(
            f"The server refuses the password in {home.password_file}"
        ) from error
    except (DriverError, Neo4jError) as error:
        log.debug("Not yet: %s", error)
        return "", ""
    return (row["status"], row["message"]) if row else ("", "")


def reason(home: Home) -> str:
    """Why the server or its database ended, as far as can be told."""
    return home.lack_of_room() or processes.telling_line(home.read_console()) or "it said nothing"
