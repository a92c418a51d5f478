from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from shopgraph.jobs import Busy, job

#: Takes the lock in a process of its own, says so, and keeps it.
HOLDER = """
import sys, time
from pathlib import Path
from shopgraph.jobs import job
with job(Path(sys.argv[1]), "ingest"):
    print("held", flush=True)
    time.sleep(60)
"""


def hold(home: Path) -> subprocess.Popen[str]:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(home)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    return holder


def end(holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert holder.stdout is not None
    holder.stdout.close()


def test_a_second_job_says_which_one_it_waits_for_and_gives_up(tmp_path: Path) -> None:
    holder = hold(tmp_path)
    try:
        with (
            pytest.raises(Busy, match=rf"ingest \(process {holder.pid}, since 2.*still at work"),
            job(tmp_path, "retrain", wait_seconds=0.3),
        ):
            pytest.fail("two jobs at once")
    finally:
        end(holder)


def test_a_killed_job_leaves_the_folder_free(tmp_path: Path) -> None:
    end(hold(tmp_path))
    with job(tmp_path, "retrain", wait_seconds=0):
        assert f'"pid": {os.getpid()}' in (tmp_path / "job.json").read_text()
    assert not (tmp_path / "job.json").exists()


def test_a_second_job_begins_when_the_first_is_done(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    order: list[str] = []

    def second() -> None:
        with job(tmp_path, "second", wait_seconds=30):
            order.append("second")

    with caplog.at_level(logging.INFO), job(tmp_path, "first"):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.5)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert "waiting for first (process" in caplog.text


def test_a_job_that_fails_lets_go(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), job(tmp_path, "one"):
        raise ZeroDivisionError
    with job(tmp_path, "two", wait_seconds=0):
        pass
