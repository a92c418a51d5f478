"""The lock of the local server's jars, and the compose file that names the same version."""

import re
from pathlib import Path

import pytest
import yaml

from kg.local.home import Home
from kg.local.lock import LOCK, Jar, Lock, parse, read_lock, write_lock
from kg.local.memory import Memory
from kg.local.ports import Ports

COMPOSE = Path(__file__).parents[2] / "docker-compose.yml"


def compose_service(name: str = "neo4j") -> dict[str, object]:
    return yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"][name]


def test_a_classifier_stands_after_the_version() -> None:
    jar = parse("io.netty:netty-transport:4.2:linux-x86_64", "ab")
    assert jar == Jar("io.netty", "netty-transport", "4.2", "linux-x86_64", "ab")
    assert jar.name == "netty-transport-4.2-linux-x86_64.jar"
    assert jar.coordinate == "io.netty:netty-transport:4.2:linux-x86_64"


def test_a_jar_for_every_platform_has_no_classifier() -> None:
    jar = parse("org.neo4j:neo4j:2026.09.0", "ab")
    assert (jar.name, jar.coordinate) == ("neo4j-2026.09.0.jar", "org.neo4j:neo4j:2026.09.0")


def test_a_coordinate_of_five_parts_is_refused() -> None:
    with pytest.raises(ValueError, match="a:b:c:d:e"):
        parse("a:b:c:d:e", "ab")


def test_the_shipped_lock_is_what_its_writer_writes(tmp_path: Path) -> None:
    write_lock(read_lock(), tmp_path / "lock")
    assert (tmp_path / "lock").read_bytes() == LOCK.read_bytes()


def test_a_lock_is_read_as_it_was_written(tmp_path: Path) -> None:
    lock = Lock("1.2", "3.4", (Jar("a.b", "c", "1", "", "00"), Jar("a.b", "d", "2", "x", "11")))
    write_lock(lock, tmp_path / "lock")
    assert read_lock(tmp_path / "lock") == lock


def test_the_lock_holds_sums_and_no_addresses() -> None:
    lock = read_lock()
    assert lock.jars[0].coordinate == f"org.neo4j:neo4j:{lock.server}"
    assert all(re.fullmatch("[0-9a-f]{64}", jar.sha256) for jar in lock.jars)
    assert "://" not in LOCK.read_text(encoding="utf-8")


def test_no_two_jars_want_the_same_file() -> None:
    names = [jar.name for jar in read_lock().jars]
    assert len(set(names)) == len(names)


def test_compose_starts_the_version_of_the_lock() -> None:
    assert compose_service()["image"] == f"neo4j:{read_lock().server}"


def test_compose_opens_its_ports_on_this_machine_alone() -> None:
    assert compose_service()["ports"] == ["127.0.0.1:7687:7687", "127.0.0.1:7474:7474"]


def test_compose_has_no_password_of_its_own() -> None:
    environment = compose_service()["environment"]
    assert isinstance(environment, dict)
    assert environment["NEO4J_AUTH"].startswith("neo4j/${NEO4J_PASSWORD:?")


def test_the_compose_job_waits_for_the_server_and_knows_it_by_the_same_password() -> None:
    job = compose_service("retrain")
    assert job["profiles"] == ["retrain"]
    assert job["depends_on"] == {"neo4j": {"condition": "service_healthy"}}
    environment = job["environment"]
    assert isinstance(environment, dict)
    assert environment["NEO4J_URI"] == "bolt://neo4j:7687"
    server = compose_service()["environment"]
    assert isinstance(server, dict)
    assert server["NEO4J_AUTH"] == f"neo4j/{environment['NEO4J_PASSWORD']}"
    assert "ports" not in job


def test_compose_sets_what_the_local_server_sets(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.create()
    home.write_conf(Ports(7687, 7474), Memory(1024, 256))
    lines = (home.conf / "neo4j.conf").read_text(encoding="utf-8").splitlines()
    local = dict(line.split("=", 1) for line in lines)
    environment = compose_service()["environment"]
    assert isinstance(environment, dict)
    # The image's custom: a dot is one underscore there, an underscore two.
    compose = {
        name.removeprefix("NEO4J_").replace("__", "\0").replace("_", ".").replace("\0", "_"): value
        for name, value in environment.items()
    }
    shared = compose.keys() & local.keys() - {"server.memory.pagecache.size"}
    assert {name: compose[name] for name in shared} == {name: local[name] for name in shared}
    assert {"db.query.default_language", "dbms.usage_report.enabled"} <= shared
