"""Everything between a source's blocks and the graph, with the memory of one load."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from ingestion.blocks import BLOCK_ROWS, Block, join_rejects, refuse
from ingestion.clean import clean
from ingestion.detect import Source
from ingestion.identity import EVENTS, Identities
from ingestion.leaving import Leaving
from ingestion.repeats import KEYS, Repeats
from ingestion.sheet import Cleaned
from ingestion.spelling import UNDECLARED, Declared
from kg.tombstones import Tombstones

#: From when a row of a table holds.
TIMES: Final = {"products": "valid_from", "relations": "valid_from"} | dict.fromkeys(
    ("deletions", "follows", *EVENTS), "occurred_at"
)

#: A row of events takes about so much in a file.
ROW_BYTES: Final = 40


def expected_rows(source: Path) -> int:
    """About how many rows a file or folder has, by its size."""
    found = [*source.glob("*"), *source.glob("*/*")] if source.is_dir() else [source]
    files = [file for file in found if file.is_file()]
    return sum(file.stat().st_size * (5 if packed(file) else 1) for file in files) // ROW_BYTES


def packed(file: Path) -> bool:
    """Whether a file holds several times its size."""
    return file.suffix.lower() in (".gz", ".parquet")


class Cleaner:
    """Types rows, refuses some, and tells repeats apart, over all blocks of one load."""

    def __init__(
        self,
        until: datetime | None = None,
        expected: int = 1 << 20,
        leaving: Leaving | None = None,
    ) -> None:
        """``expected`` is about how many rows will come."""
        self._until = until
        self._leaving = leaving or Leaving(Tombstones(salt=""))
        self._identities = Identities(expected)
        self._repeats = Repeats()

    def look_ahead(self, module: Source, source: Path, declared: Declared = UNDECLARED) -> None:
        """Note what the tables of facts at a source's beginning say, without keeping it."""
        with closing(module.read(source, BLOCK_ROWS, self._until, declared)) as blocks:
            for block in blocks:
                if block.table not in KEYS:
                    return
                self._repeats.note(early(clean(block), block, self._until))

    def clean(self, block: Block) -> Cleaned:
        """A block's typed rows, ready to be merged, and all rows refused."""
        block = self._leaving.screen(block)
        cleaned = early(clean(block), block, self._until)
        if block.table in EVENTS:
            return self._leaving.screen_events(self._identities.assign(cleaned, block))
        if block.table == "deletions":
            self._leaving.note(cleaned)
        return self._repeats.drop(cleaned, block)

    def rest(self) -> Iterator[Cleaned]:
        """Rows that waited until it was known which came before, once all blocks are through."""
        return map(self._leaving.screen_events, self._identities.rest())


def early(cleaned: Cleaned, block: Block, until: datetime | None) -> Cleaned:
    """The rows of before ``until``; one without a time is kept."""
    time = TIMES.get(block.table)
    if until is None or time not in cleaned.frame:
        return cleaned
    late = (cleaned.frame[time] >= until).to_numpy(bool)
    mask = block.frame.index.isin(cleaned.frame["line"].to_numpy()[late])
    rejects = refuse(block, mask, ["after-until"] * int(mask.sum()))
    kept = cleaned.frame[~late].reset_index(drop=True)
    return Cleaned(cleaned.table, kept, join_rejects([cleaned.rejects, rejects]))
