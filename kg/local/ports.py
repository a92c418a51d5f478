"""Where a local server listens."""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import dataclass


@dataclass(frozen=True)
class Ports:
    """The two ports of a server: Bolt for drivers, HTTP for the Browser."""

    bolt: int
    http: int


USUAL = Ports(bolt=7687, http=7474)


def choose(wanted: Ports | None) -> Ports:
    """The wanted ports, each replaced by a free one where it is taken; None wants any."""
    with ExitStack() as stack:
        # Both are held until both are chosen: the same free port is not given twice.
        bolt = stack.enter_context(bound(wanted.bolt if wanted else 0)).getsockname()[1]
        http = stack.enter_context(bound(wanted.http if wanted else 0)).getsockname()[1]
        return Ports(bolt, http)


def bound(port: int) -> socket.socket:
    """A socket bound to a port of the loopback interface, or to a free one where it is taken."""
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # As the server does: a port that only waits for old connections to fade is free.
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(("127.0.0.1", port))
    except OSError:
        taken.bind(("127.0.0.1", 0))
    return taken
