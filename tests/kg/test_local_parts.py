"""The small parts of the local server: memory, ports, arguments, paths, logs."""

import json
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.local.home import Home, Started, write_private
from kg.local.java import environment, quoted, write_arguments
from kg.local.memory import Memory, container_limits, moderate
from kg.local.ports import Ports, choose
from kg.local.process import telling_line


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (2 * 1024, Memory(1024, 256)),
        (16 * 1024, Memory(2048, 1024)),
        (256 * 1024, Memory(4096, 2048)),
    ],
)
def test_a_server_takes_a_moderate_share(machine: int, expected: Memory) -> None:
    assert moderate(machine) == expected


def test_a_heap_too_small_to_start_is_refused() -> None:
    with pytest.raises(ValueError, match="heap_mb=100"):
        Memory(100, 256)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_every_limit_around_a_unified_group_counts(tmp_path: Path) -> None:
    membership = write(tmp_path / "membership", "0::/outer/inner\n")
    write(tmp_path / "root/outer/inner/memory.max", "max\n")
    write(tmp_path / "root/outer/memory.max", "3000\n")
    assert container_limits(membership, tmp_path / "root") == [3000]


def test_the_limit_of_an_old_group_is_read_among_the_memory_controller_s(tmp_path: Path) -> None:
    membership = write(tmp_path / "membership", "5:cpu:/a\n4:memory:/a\n")
    write(tmp_path / "root/memory/a/memory.limit_in_bytes", "1000\n")
    write(tmp_path / "root/memory/memory.limit_in_bytes", "2000\n")
    assert container_limits(membership, tmp_path / "root") == [1000, 2000]


def test_a_machine_without_groups_has_no_limits(tmp_path: Path) -> None:
    assert container_limits(tmp_path / "none", tmp_path) == []


@pytest.fixture
def listen() -> Callable[[], int]:
    """Takes a free port for as long as the test runs."""
    held: list[socket.socket] = []

    def take() -> int:
        held.append(socket.create_server(("127.0.0.1", 0)))
        return int(held[-1].getsockname()[1])

    yield take
    for each in held:
        each.close()


def test_a_taken_port_is_replaced_and_the_free_one_kept(listen: Callable[[], int]) -> None:
    free = choose(None)
    taken = listen()
    chosen = choose(Ports(taken, free.http))
    assert chosen.http == free.http
    assert chosen.bolt not in (taken, free.http)


def test_two_free_ports_differ() -> None:
    chosen = choose(None)
    assert chosen.bolt != chosen.http


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("-Xmx1g", '"-Xmx1g"'),
        ("/a shop/店", '"/a shop/店"'),
        ('say "a\\b"', r'"say \"a\\b\""'),
        ("two\nlines", r'"two\nlines"'),
        ("", '""'),
    ],
)
def test_arguments_are_quoted_as_java_reads_them(argument: str, expected: str) -> None:
    assert quoted(argument) == expected


def test_arguments_are_for_their_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "args"
    write_arguments(file, Memory(512, 64), [Path("/a b.jar"), Path("/c.jar")], "Main", ["x y"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.read_text().splitlines()[-5:] == [
        '"-Xmx512m"',
        '"-cp"',
        f'"/a b.jar{os.pathsep}/c.jar"',
        '"Main"',
        '"x y"',
    ]


def test_java_is_told_of_no_other_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEO4J_PASSWORD", "of another server")
    monkeypatch.setenv("JDK_JAVA_OPTIONS", "-Xmx1m")
    told = environment(Path("/home/neo4j"))
    assert told["NEO4J_HOME"] == "/home/neo4j"
    assert not {"NEO4J_PASSWORD", "JDK_JAVA_OPTIONS"} & told.keys()


def test_a_password_is_made_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    password = home.password()
    assert len(password) == 32
    assert home.password() == password
    assert stat.S_IMODE(home.password_file.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "other": 2}'])
def test_a_spoilt_record_is_as_none(tmp_path: Path, text: str) -> None:
    home = Home(tmp_path)
    home.started_file.write_text(text)
    assert home.read_started() is None


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.write_started(Started(7, 1, 2, "3.4"))
    assert json.loads(home.started_file.read_text())["pid"] == 7
    assert home.read_started() == Started(7, 1, 2, "3.4")


def test_ports_are_found_again_in_the_settings(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.read_conf_ports() is None
    home.create()
    home.write_conf(Ports(1234, 5678), Memory(1024, 128))
    assert home.read_conf_ports() == Ports(1234, 5678)


def test_a_home_stays_where_it_was_when_the_working_folder_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    home = Home(Path(".shopgraph"))
    monkeypatch.chdir("/")
    assert home.password_file == tmp_path / ".shopgraph" / "password"


def test_a_private_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    with pytest.raises(OSError, match="file"):
        write_private(tmp_path / "file", "text")
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("INFO Starting\nINFO This instance\n", "INFO This instance"),
        ("ERROR first\nINFO later\n", "ERROR first"),
        (
            "ERROR Failed\nX: wrapped\n\tat a.b(C)\nCaused by: java.io.IOException: full\n\tat d\n",
            "Caused by: java.io.IOException: full",
        ),
        ("-----\nCommand Failed\nno such file\n\nCheck it\n-----\n", "no such file; Check it"),
        (
            "Missing required parameter: 'x'\n\nUSAGE\n\n  --verbose  more\n",
            "Missing required parameter: 'x'",
        ),
    ],
)
def test_the_line_that_tells_why_is_found(text: str, expected: str) -> None:
    assert telling_line(text) == expected
