"""A home's store as one file, and back: neo4j-admin's dump, with folders beside it.

The server is down meanwhile. The file is a plain tar of ``neo4j.dump`` and those folders; accounts
are not in it, so that a restored store has the password of its new home.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from kg.errors import LocalServerError
from kg.local.admin import run_admin
from kg.local.distribution import readable
from kg.local.home import Home

DATABASE = "neo4j"
DUMP = f"{DATABASE}.dump"

#: Where a server keeps a database, below its data.
PARTS = ("databases", "transactions")

#: Below a home: what the last ``load_store`` replaced.
REPLACED = "replaced"


def dump_store(home: Path, file: Path, folders: Sequence[str]) -> int:
    """Write a home's store and the named folders beside it to a file, whole or not at all.

    Returns:
        The file's bytes.

    Raises:
        LocalServerError: there is no store, its server runs, or the disk fails.
    """
    place = Home(home)
    if not (place.neo4j / "data" / "databases" / DATABASE).is_dir():
        raise LocalServerError(f"There is no store in {place.root} to dump")
    target = file.absolute()
    with (
        readable(f"Cannot write {target}"),
        tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as name,
    ):
        work = Path(name)
        run_admin(home, "database", "dump", DATABASE, f"--to-path={work}")
        whole = work / "whole"
        # It holds all that is known of the shop's users: for its owner alone.
        with (
            os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as handle,
            tarfile.open(fileobj=handle, mode="w") as archive,
        ):
            archive.add(work / DUMP, DUMP)
            for folder in folders:
                if (place.root / folder).is_dir():
                    archive.add(place.root / folder, folder, filter=_without_partial)
        whole.replace(target)
    return target.stat().st_size


def load_store(home: Path, file: Path, folders: Sequence[str]) -> None:
    """Make a home's store and folders those of a file; what was there goes to ``replaced``.

    The file is unpacked and restored beside the store first, so that a damaged one changes nothing.

    Raises:
        LocalServerError: the file is no dump, the server runs, or the disk fails.
    """
    place = Home(home)
    place.root.mkdir(parents=True, exist_ok=True)
    # A load that was killed leaves one.
    for left in place.root.glob(".loading-*"):
        shutil.rmtree(left, ignore_errors=True)
    with (
        readable(f"Cannot load {file}"),
        tempfile.TemporaryDirectory(dir=place.root, prefix=".loading-") as name,
    ):
        work = Path(name)
        _unpack(file, work, folders)
        beside = Home(work / "home")
        run_admin(beside.root, "database", "load", DATABASE, f"--from-path={work}")
        with place.held():
            _swap(place, beside, work, folders)


def _swap(place: Home, beside: Home, work: Path, folders: Sequence[str]) -> None:
    """Put what was restored in the place of what is there."""
    former = place.root / REPLACED
    shutil.rmtree(former, ignore_errors=True)
    former.mkdir()
    moves = [
        (beside.neo4j / "data" / part / DATABASE, place.neo4j / "data" / part / DATABASE, part)
        for part in PARTS
    ]
    moves += [(work / folder, place.root / folder, folder) for folder in folders]
    for source, target, kept in moves:
        if target.exists():
            target.rename(former / kept)
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)


def _unpack(file: Path, work: Path, folders: Sequence[str]) -> None:
    try:
        with tarfile.open(file, mode="r:") as archive:
            names = {member.name.partition("/")[0] for member in archive.getmembers()}
            if DUMP not in names or names - {DUMP, *folders}:
                raise LocalServerError(f"{file} is no dump of a store")
            archive.extractall(work, filter="data")
    except (tarfile.TarError, EOFError) as error:
        raise LocalServerError(f"{file} is no dump of a store, or is damaged: {error}") from error


def _without_partial(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out what is half written."""
    return None if any(part.startswith(".") for part in Path(member.name).parts) else member
