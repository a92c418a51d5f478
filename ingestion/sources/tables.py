"""A folder with the seven tables as .csv, .csv.gz or .parquet, or one such file.

A table may be a folder of such files as well, named after it, as engines write their output:
``interactions/part-00001.parquet``.
"""

from __future__ import annotations

import logging
from collections.abc import Generator
from datetime import datetime
from pathlib import Path
from typing import Final

from ingestion.blocks import BLOCK_ROWS, Block
from ingestion.csv_file import read_csv
from ingestion.errors import SourceError
from ingestion.header import Header
from ingestion.identity import EVENTS
from ingestion.parquet_file import read_parquet
from ingestion.spelling import UNDECLARED, Declared, spelled
from kg.records import REQUIRED, TABLES

log = logging.getLogger(__name__)

ENDINGS: Final = (".csv", ".csv.gz", ".parquet")

#: What is to be left out, then facts: what replaces what among them is found before the events
#: are read.
ORDER: Final = (
    *("deletions", "products", "users", "relations", "follows"),
    *("interactions", "reviews", "searches"),
)

#: Only these may name an event on its own terms; elsewhere it would be one more property.
IDENTIFIED: Final = ("reviews", "searches")

#: The columns of each table whose spelling may be a shop's own.
TIMES: Final = {
    "deletions": ("occurred_at",),
    "products": ("created_at", "valid_from"),
    "relations": ("valid_from",),
    "follows": ("occurred_at",),
    "interactions": ("occurred_at",),
    "reviews": ("occurred_at",),
    "searches": ("occurred_at",),
}
NUMBERS: Final = {
    "products": ("price", "stock"),
    "interactions": ("price", "quantity", "rating"),
    "reviews": ("rating",),
}


def detect(path: Path) -> bool:
    """Whether a file, or anything in a folder, is named after a table."""
    try:
        return any(_table(candidate, path) for candidate in _candidates(path))
    except OSError:
        return False


def read(
    path: Path,
    block_rows: int = BLOCK_ROWS,
    until: datetime | None = None,
    declared: Declared = UNDECLARED,
) -> Generator[Block, None, None]:
    """The tables in a fixed order, whatever the order of files; nothing here is derived.

    Raises:
        SourceError: no table is there, one is there twice, or a file cannot be read.
    """
    files = _files(path)
    pairs = [(table, file) for table in ORDER for file in files.get(table, ())]
    for table, file in pairs:
        known = TABLES[table] + (("interaction_id",) if table in IDENTIFIED else ())
        header = Header(known=known, required=TABLES[table][: REQUIRED[table]])
        read_file = read_parquet if _ending(file) == ".parquet" else read_csv
        spelling, blocks = spelled(
            read_file(file, header, block_rows),
            read_file(file, header),
            TIMES.get(table, ()),
            NUMBERS.get(table, ()),
            declared,
        )
        for frame, rejects in blocks:
            yield Block(table, frame, file, rejects, spelling=spelling)


def split(path: Path) -> list[Path]:
    """The files with events, each to be read by itself."""
    files = _files(path)
    return [file for table in ORDER if table in EVENTS for file in files.get(table, ())]


def _files(path: Path) -> dict[str, list[Path]]:
    """The files of each table."""
    files: dict[str, list[Path]] = {}
    told: dict[str, str] = {}
    try:
        for candidate in _candidates(path):
            table = _table(candidate, path)
            if table is None:
                log.info("%s: not a table; left aside", candidate)
            elif table in files:
                raise SourceError(f"{path}: {told[table]} and {candidate.name} are the same table")
            else:
                told[table] = candidate.name
                files[table] = _parts(candidate) if candidate.is_dir() else [candidate]
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
    if not files:
        raise SourceError(
            f"{path}: no table here: {', '.join(ORDER)}, each with {' or '.join(ENDINGS)}"
        )
    return files


def _candidates(path: Path) -> list[Path]:
    """The file itself, or what a folder holds in order of names."""
    return sorted(path.iterdir()) if path.is_dir() else [path]


def _parts(folder: Path) -> list[Path]:
    """The files of a table's folder that may be tables, in order of names."""
    return sorted(file for file in folder.iterdir() if file.is_file() and _ending(file))


def _ending(file: Path) -> str | None:
    name = file.name.lower()
    return next((ending for ending in ENDINGS if name.endswith(ending)), None)


def _table(candidate: Path, source: Path) -> str | None:
    """The table that a file, or a folder of its parts, is named after, regardless of letter case.

    A part that is a source by itself is named after its folder.
    """
    name = candidate.name.lower()
    if candidate.is_dir():
        return name if name in TABLES and _parts(candidate) else None
    ending = _ending(candidate)
    if ending is None:
        return None
    folder = candidate.absolute().parent.name.lower() if candidate == source else ""
    names = (name.removesuffix(ending), folder)
    return next((name for name in names if name in TABLES), None)
