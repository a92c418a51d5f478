"""One job that writes at a time in a working folder; others wait, or say why not."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from kg.errors import KgError

log = logging.getLogger(__name__)

#: How long a job waits for another one: longer than most take, shorter than a night.
WAIT_SECONDS = 3_600.0


class Busy(KgError):
    """Another job of this working folder is not done."""


@contextmanager
def job(home: Path, name: str, wait_seconds: float = WAIT_SECONDS) -> Iterator[None]:
    """Hold a working folder for one job; the lock goes with the process, however that ends.

    Raises:
        Busy: another job is still at work after ``wait_seconds``; it is named.
    """
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / "job.lock")
    holder = home / "job.json"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        other = _described(holder)
        if wait_seconds > 0:
            log.info("waiting for %s", other)
        try:
            lock.acquire(timeout=wait_seconds, poll_interval=0.2)
        except Timeout:
            raise Busy(f"{_described(holder)} is still at work in {home}") from None
    try:
        facts = {"job": name, "pid": os.getpid(), "since": datetime.now(UTC).isoformat()}
        holder.write_text(json.dumps(facts), encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def _described(holder: Path) -> str:
    """The job that holds the lock, as far as it has said."""
    try:
        facts = json.loads(holder.read_text(encoding="utf-8"))
        return f"{facts['job']} (process {facts['pid']}, since {facts['since'][:19]})"
    except (OSError, ValueError, KeyError):
        return "another job"
