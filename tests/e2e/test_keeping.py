"""The local store in one file, and back."""

from __future__ import annotations

import shutil
import stat
import tarfile
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.slow
def test_a_restored_store_serves_what_was_dumped_with_its_runs(job: Any, loner: Any) -> None:
    file = loner.folder / "shop.dump"
    before = job.person.succeed("query", "for_user", "user_id=u0001")
    dumped = job.person.succeed("dump", file)
    assert dumped == {"file": str(file), "bytes": file.stat().st_size}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    # The server ran, and runs again, at the same place.
    assert job.person.succeed("status")["bolt"] == job.answers["up"]["bolt"]
    assert job.person.succeed("query", "for_user", "user_id=u0001") == before
    with tarfile.open(file) as archive:
        names = archive.getnames()
    assert names[0] == "neo4j.dump"
    assert f"runs/{job.answers['train']['run_id']}/weights.safetensors" in names
    assert not any(name.startswith(("password", "rejects")) for name in names)
    loner.succeed("load", file)
    try:
        assert loner.succeed("query", "for_user", "user_id=u0001") == before
        assert loner.succeed("runs") == job.person.succeed("runs")
        # What a later load replaces is kept, and a damaged file replaces nothing.
        damaged = loner.folder / "damaged.dump"
        with tarfile.open(damaged, "w") as archive:
            broken = loner.folder / "neo4j.dump"
            broken.write_bytes(b"nothing of the kind")
            archive.add(broken, "neo4j.dump")
        outcome = loner.quick("load", damaged)
        assert outcome.code == 1
        assert "load failed" in outcome.complaint
        assert loner.succeed("query", "for_user", "user_id=u0001") == before
    finally:
        loner.quick("down")


def test_a_file_that_is_no_dump_is_told_in_one_line_and_changes_nothing(loner: Any) -> None:
    words = loner.folder / "words.txt"
    words.write_text("not a dump")
    outcome = loner.quick("load", words)
    assert outcome.code == 1
    assert "is no dump of a store" in outcome.complaint
    other = loner.folder / "other.tar"
    with tarfile.open(other, "w") as archive:
        archive.add(words, "neo4j.dump")
        archive.add(words, "../outside")
    outcome = loner.quick("load", other)
    assert (outcome.code, "is no dump of a store" in outcome.complaint) == (1, True)
    assert loner.quick("load", loner.folder / "missing").code == 1
    home = loner.folder / ".shopgraph"
    assert {path.name for path in home.iterdir()} <= {"lock", "job.lock"}
    shutil.rmtree(home)


def test_there_must_be_a_store_to_dump(loner: Any) -> None:
    outcome = loner.quick("dump", loner.folder / "shop.dump")
    assert outcome.code == 1
    assert "no store" in outcome.complaint
    assert list(loner.folder.glob("*shop.dump*")) == []


def test_another_server_is_not_dumped(person: Any, tmp_path: Path) -> None:
    for command in ("dump", "load"):
        (tmp_path / "file").write_text("")
        outcome = person.quick(command, tmp_path / "file")
        assert outcome.code == 1
        assert "local store" in outcome.complaint
