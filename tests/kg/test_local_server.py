"""The local server itself: one Neo4j, started, killed, moved and looked at from outside.

The tests share a server and may leave it down; each brings it to where it needs it.
"""

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import neo4j
import psutil
import pytest

from kg.errors import LocalServerError
from kg.local.admin import run_admin
from kg.local.memory import Memory
from kg.local.server import ServerInfo, answers, down, status, up
from shopgraph.workspace import own

SMALL = Memory(heap_mb=1024, page_cache_mb=64)


def start(home: Path) -> ServerInfo:
    return up(home, memory=SMALL, usual_ports=False)


def query(info: ServerInfo, text: str) -> list[Any]:
    """The first column of what a statement returns."""
    with neo4j.GraphDatabase.driver(info.bolt, auth=(info.user, info.read_password())) as driver:
        records = driver.execute_query(text, database_="neo4j").records
    return [record[0] for record in records]


def port(address: str) -> int:
    return int(address.split("//")[1].split("/")[0].rpartition(":")[2])


def kill(info: ServerInfo) -> None:
    assert info.pid is not None
    os.kill(info.pid, signal.SIGKILL)


class CommandLines:
    """Every command line seen on the machine while the block runs."""

    def __enter__(self) -> "CommandLines":
        self.seen: set[str] = set()
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def watch(self) -> None:
        while not self.done.wait(0.05):
            for process in psutil.process_iter():
                try:
                    self.seen.add(" ".join(process.cmdline()))
                except psutil.Error:
                    continue

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a server that nobody has started yet."""
    folder = tmp_path_factory.mktemp("a shop – 店") / ".shopgraph"
    yield folder
    down(folder)


@pytest.fixture(scope="module")
def first_start(home: Path) -> set[str]:
    """The command lines seen during the server's first start."""
    with CommandLines() as lines:
        start(home)
    return lines.seen


@pytest.fixture
def running(home: Path, first_start: set[str]) -> ServerInfo:
    """The server, running."""
    return start(home)


def test_a_home_that_was_never_used_is_described_and_not_made(tmp_path: Path) -> None:
    info = status(tmp_path / "home")
    assert not info.running
    assert info.pid is None
    assert not (tmp_path / "home").exists()
    assert not down(tmp_path / "home").running
    assert not (tmp_path / "home").exists()


def test_a_server_answers_in_the_newest_cypher(running: ServerInfo) -> None:
    assert query(running, "RETURN 1") == [1]
    assert query(running, "SHOW DATABASES YIELD name, defaultLanguage WHERE name = 'neo4j' "
                 "RETURN defaultLanguage") == ["CYPHER 25"]  # fmt: skip


def test_status_tells_what_up_told(home: Path, running: ServerInfo) -> None:
    assert status(home) == running
    assert running.running
    assert running.version == query(running, "CALL dbms.components() YIELD versions "
                                    "RETURN versions[0]")[0]  # fmt: skip
    assert running.logs.is_dir()


def test_the_browser_is_told_where_bolt_is(running: ServerInfo) -> None:
    assert running.browser.endswith(
        f"/browser/?connectURL=bolt%3A%2F%2Fneo4j%40127.0.0.1%3A{port(running.bolt)}"
    )
    with socket.create_connection(("127.0.0.1", port(running.browser))) as connection:
        connection.sendall(b"GET /browser/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")


def test_a_second_up_leaves_the_server_as_it_is(home: Path, running: ServerInfo) -> None:
    before = time.monotonic()
    assert start(home) == running
    assert time.monotonic() - before < 3


def test_nothing_listens_beyond_this_machine(running: ServerInfo) -> None:
    connections = psutil.Process(running.pid).net_connections("inet")
    open_ports = {c.laddr for c in connections if c.status in ("LISTEN", "NONE")}
    assert {address.port for address in open_ports} == {port(running.bolt), port(running.browser)}
    assert {address.ip.removeprefix("::ffff:") for address in open_ports} == {"127.0.0.1"}


def test_the_password_is_for_its_owner_alone(running: ServerInfo) -> None:
    assert stat.S_IMODE(running.password_file.stat().st_mode) == 0o600


def test_the_password_is_on_no_command_line(
    home: Path, first_start: set[str], running: ServerInfo
) -> None:
    assert any(line.endswith(f"@{home}/neo4j/run/admin.args") for line in first_start)
    assert any(line.endswith(f"@{home}/neo4j/run/server.args") for line in first_start)
    assert not any(running.read_password() in line for line in first_start)


def test_the_password_is_in_no_other_file(home: Path, running: ServerInfo) -> None:
    password = running.read_password().encode()
    files = [path for path in home.rglob("*") if path.is_file()]
    assert [path for path in files if password in path.read_bytes()] == [running.password_file]


def test_a_server_whose_record_is_lost_is_found_again(home: Path, running: ServerInfo) -> None:
    (home / "server.json").unlink()
    assert status(home).pid == running.pid
    assert start(home) == running
    assert status(home) == running


def test_the_store_is_not_touched_while_the_server_runs(home: Path, running: ServerInfo) -> None:
    with pytest.raises(LocalServerError, match="stop it first"):
        run_admin(home, "database", "dump", "neo4j")


def test_a_killed_server_starts_again_with_its_data_and_only_once(
    home: Path, running: ServerInfo
) -> None:
    query(running, "MERGE (:Kept {name: 'before'})")
    kill(running)
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(start, [home, home])
    assert one == other
    assert one.pid != running.pid
    assert (one.bolt, one.browser) == (running.bolt, running.browser)
    assert query(one, "MATCH (n:Kept) RETURN n.name") == ["before"]


def test_who_comes_right_after_a_kill_is_served(home: Path) -> None:
    # The process may still be there, and its port take connections that nobody answers.
    for _ in range(2):
        kill(start(home))
        with own(home).open() as graph:
            assert graph.read("read/count_rows")[0]["users"] == 0


def test_who_comes_while_a_killed_command_s_server_starts_is_served(home: Path) -> None:
    down(home)
    code = "import sys, pathlib, kg.local.server as s; s.up(pathlib.Path(sys.argv[1]))"
    starter = subprocess.Popen([sys.executable, "-c", code, str(home)])
    while not status(home).running:
        time.sleep(0.05)
    starter.kill()
    starter.wait()
    assert not answers(home)
    with own(home).open() as graph:
        assert graph.read("read/count_rows")[0]["users"] == 0
    assert answers(home)


def test_another_program_is_neither_taken_for_the_server_nor_robbed_of_its_port(
    home: Path, running: ServerInfo
) -> None:
    assert not down(home).running
    assert not down(home).running
    record = json.loads((home / "server.json").read_text())
    (home / "server.json").write_text(json.dumps(record | {"pid": os.getpid()}))
    assert not status(home).running
    with socket.create_server(("127.0.0.1", port(running.bolt))):
        moved = start(home)
    assert moved.bolt != running.bolt
    assert port(moved.browser) == port(running.browser)
    assert query(moved, "RETURN 1") == [1]


@pytest.mark.slow
def test_a_port_taken_while_the_server_starts_is_left_to_its_taker(
    home: Path, running: ServerInfo
) -> None:
    down(home)
    record = home / "server.json"
    record.unlink()
    with socket.socket() as faster, ThreadPoolExecutor(1) as pool:
        # Bound and not listening, a port counts as free.
        faster.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        faster.bind(("127.0.0.1", 0))
        wanted = faster.getsockname()[1]
        record.write_text(
            json.dumps({"pid": 0, "bolt_port": wanted, "http_port": 1, "version": "x"})
        )
        starting = pool.submit(start, home)
        while not status(home).running:
            time.sleep(0.05)
        assert port(status(home).bolt) == wanted
        faster.listen()
        moved = starting.result()
    assert port(moved.bolt) != wanted
    assert query(moved, "RETURN 1") == [1]


def test_a_failing_admin_command_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(LocalServerError, match="nothing there' doesn't exist") as caught:
        run_admin(tmp_path, "database", "import", "full", "neo4j",
                  f"--nodes={tmp_path}/nothing there", memory=SMALL)  # fmt: skip
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "neo4j" / "run" / "admin.args").exists()


@pytest.mark.slow
def test_a_bulk_import_is_served_and_a_deleted_home_begins_anew(tmp_path: Path) -> None:
    home = tmp_path / "home"
    nodes = tmp_path / "nodes.csv"
    nodes.write_text('name:STRING,:LABEL\n"a ""b""",Kept\n')
    said = run_admin(home, "database", "import", "full", "neo4j", f"--nodes={nodes}", memory=SMALL)
    assert "1 nodes" in said
    try:
        before = start(home)
        assert query(before, "MATCH (n:Kept) RETURN n.name") == ['a "b"']
        shutil.rmtree(home)
        after = start(home)
        assert after.pid != before.pid
        assert query(after, "MATCH (n) RETURN count(n)") == [0]
    finally:
        down(home)


def test_a_home_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalServerError, match="Not a directory") as caught:
        start(tmp_path / "file" / "home")
    assert "\n" not in str(caught.value)


def test_a_lost_password_is_told_before_the_server_starts(tmp_path: Path) -> None:
    (tmp_path / "neo4j" / "data" / "databases" / "system").mkdir(parents=True)
    with pytest.raises(LocalServerError, match="password is missing"):
        start(tmp_path)
