"""Fetching the server's jars, on the two smallest ones, from the real repository."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kg.errors import LocalServerError
from kg.local.distribution import default_cache, fetch, sha256
from kg.local.lock import Lock, parse, read_lock

SMALL = ("com.google.j2objc:j2objc-annotations", "org.reactivestreams:reactive-streams")


def small_lock() -> Lock:
    lock = read_lock()
    jars = tuple(jar for jar in lock.jars if f"{jar.group}:{jar.artifact}" in SMALL)
    assert len(jars) == len(SMALL)
    return dataclasses.replace(lock, jars=jars)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with both jars in it."""
    cache = tmp_path_factory.mktemp("cache with a space")
    fetch(cache, small_lock())
    return cache


def test_an_empty_cache_is_filled_in_the_order_of_the_lock(tmp_path: Path) -> None:
    lock = small_lock()
    told: list[tuple[int, int]] = []
    paths = fetch(tmp_path, lock, progress=lambda done, total: told.append((done, total)))
    assert [path.name for path in paths] == [jar.name for jar in lock.jars]
    assert [sha256(path) for path in paths] == [jar.sha256 for jar in lock.jars]
    assert told == [(1, 2), (2, 2)]


def test_only_the_jars_and_the_lock_of_the_folder_stay(filled: Path) -> None:
    lock = small_lock()
    files = {path.name for path in filled.rglob("*") if path.is_file()}
    assert files == {jar.name for jar in lock.jars} | {"lock"}


def test_a_full_cache_needs_no_network(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(monkeypatch)
    told: list[int] = []
    assert len(fetch(filled, small_lock(), progress=lambda done, _: told.append(done))) == 2
    assert told == []


@pytest.mark.parametrize("spoil", ["corrupt", "cut short", "missing"])
def test_a_spoilt_jar_alone_is_fetched_again(filled: Path, spoil: str) -> None:
    lock = small_lock()
    first, second = fetch(filled, lock)
    untouched = second.stat().st_mtime_ns
    whole = first.read_bytes()
    first.unlink()
    if spoil != "missing":
        first.write_bytes(whole[:100] if spoil == "cut short" else whole[:-1] + b"?")
    told: list[tuple[int, int]] = []
    fetch(filled, lock, progress=lambda done, total: told.append((done, total)))
    assert first.read_bytes() == whole
    assert second.stat().st_mtime_ns == untouched
    assert told == [(2, 2)]


def test_what_a_killed_fetch_left_half_written_is_not_used(tmp_path: Path) -> None:
    lock = small_lock()
    jar = lock.jars[0]
    folder = Path(*jar.group.split("."), jar.artifact, jar.version)
    left = tmp_path / f"neo4j-{lock.server}" / "fetching" / folder / jar.name
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")
    assert sha256(fetch(tmp_path, lock)[0]) == jar.sha256


def test_fetching_twice_at_once_is_safe(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda _: fetch(tmp_path, small_lock()), range(2))
    assert one == other
    assert [sha256(path) for path in one] == [jar.sha256 for jar in small_lock().jars]


def test_a_jar_that_is_not_the_locked_one_is_refused(tmp_path: Path) -> None:
    lock = small_lock()
    forged = dataclasses.replace(lock.jars[0], sha256="0" * 64)
    with pytest.raises(LocalServerError, match="SHA-256") as caught:
        fetch(tmp_path, dataclasses.replace(lock, jars=(forged,)))
    assert forged.coordinate in str(caught.value)
    assert list(tmp_path.rglob("*.jar")) == []


def test_a_jar_that_no_repository_has_is_told_in_one_line(tmp_path: Path) -> None:
    lock = dataclasses.replace(small_lock(), jars=(parse("org.neo4j:neo4j:0.0.0", "0" * 64),))
    with pytest.raises(
        LocalServerError, match=r"org\.neo4j:neo4j:0\.0\.0 \(no repository"
    ) as caught:
        fetch(tmp_path, lock)
    assert "\n" not in str(caught.value)


def test_a_missing_network_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_off(monkeypatch)
    with pytest.raises(LocalServerError, match="needs the network once") as caught:
        fetch(tmp_path, small_lock())
    assert "\n" not in str(caught.value)


def test_a_cache_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LocalServerError, match="Not a directory"):
        fetch(tmp_path / "file", small_lock())


def test_the_environment_may_name_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOPGRAPH_CACHE", str(tmp_path))
    assert default_cache() == tmp_path
    monkeypatch.delenv("SHOPGRAPH_CACHE")
    assert default_cache().name == "shopgraph"


def cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send every request to a port where nobody listens."""
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
