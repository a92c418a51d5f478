"""From a source to the graph, in one pass, in bounded memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ingestion.blocks import BLOCK_ROWS, Block, join_rejects, refuse
from ingestion.clean import clean
from ingestion.detect import AUTO, Source, choose_source
from ingestion.errors import SourceError
from ingestion.identity import EVENTS, Identities
from ingestion.leaving import Leaving
from ingestion.rejects import RejectsFile
from ingestion.repeats import KEYS, Repeats
from ingestion.sheet import Cleaned
from ingestion.spelling import UNDECLARED, Declared
from kg.returns import link_returns
from kg.tombstones import Tombstones, read_tombstones
from kg.write import finish_load, merge_table

if TYPE_CHECKING:
    from kg.connection import Graph

#: From when a row of a table holds.
TIMES: Final = {"products": "valid_from", "relations": "valid_from"} | dict.fromkeys(
    ("deletions", "follows", *EVENTS), "occurred_at"
)


@dataclass(frozen=True)
class LoadReport:
    """What became of a source's rows: ``read = written + unchanged + sum(rejected.values())``.

    Written are the rows that were new or changed something; unchanged those that the graph, or
    another row of the load, said already.
    """

    read: int
    written: int
    unchanged: int
    rejected: dict[str, int]
    rejects_file: Path | None
    seconds: float


def load(
    graph: Graph,
    source: Path,
    fmt: str = AUTO,
    *,
    rejects_dir: Path,
    until: datetime | None = None,
    declared: Declared = UNDECLARED,
    observe: Callable[[Cleaned, Block], None] | None = None,
    progress: Callable[[int], None] | None = None,
    module: Source | None = None,
) -> LoadReport:
    """Bring a file or folder into the graph; safe to repeat, also after a failure half-way.

    Args:
        until: events at or after this instant, and what is known of products from then on, are
            refused as after-until.
        declared: how dates and numbers are written, where a person says it.
        observe: shown every block, cleaned and as it was, once it is in the graph.
        progress: told how many rows each block had, as soon as it is in the graph.
        module: what reads the source, where it is not one of the formats.

    Raises:
        SourceError: the source cannot be read, or its rejects cannot be kept.
        ValueError: there is no such format, or ``until`` has no zone.
    """
    if until is not None and until.tzinfo is None:
        raise ValueError(f"until needs a zone (got {until.isoformat()})")
    started = time.monotonic()
    now = datetime.now(UTC)
    module = module or choose_source(source, fmt)
    leaving = Leaving(read_tombstones(graph))
    cleaner = Cleaner(until, leaving)
    cleaner.look_ahead(module, source, declared)
    rejects = RejectsFile(rejects_dir, source, now)
    read = written = 0
    try:
        with closing(module.read(source, BLOCK_ROWS, until, declared)) as blocks:
            for block in blocks:
                cleaned = cleaner.clean(block)
                changed = merge_table(graph, cleaned.table, cleaned.frame, now)
                if observe is not None:
                    observe(cleaned, block)
                if not block.derived:
                    rows = len(block.frame) + len(block.rejects)
                    read += rows
                    written += changed
                    rejects.write(cleaned.rejects)
                    if progress is not None:
                        progress(rows)
    except SourceError:
        # What is written stays, and the next load adds the rest: leave it whole.
        finish_load(graph)
        raise
    finally:
        rejects.close()
    finish_load(graph)
    link_returns(graph, now)
    rejects.counts.update(+leaving.counts)
    return LoadReport(
        read=read,
        written=written,
        unchanged=read - written - rejects.counts.total(),
        rejected=dict(sorted(rejects.counts.items())),
        rejects_file=rejects.path,
        seconds=time.monotonic() - started,
    )


class Cleaner:
    """Everything between a source's block and the graph, with the memory of one load."""

    def __init__(self, until: datetime | None = None, leaving: Leaving | None = None) -> None:
        self._until = until
        self._leaving = leaving or Leaving(Tombstones(salt=""))
        self._identities = Identities()
        self._repeats = Repeats()

    def look_ahead(self, module: Source, source: Path, declared: Declared = UNDECLARED) -> None:
        """Note what the tables of facts at a source's beginning say, without keeping it."""
        with closing(module.read(source, BLOCK_ROWS, self._until, declared)) as blocks:
            for block in blocks:
                if block.table not in KEYS:
                    return
                self._repeats.note(self._early(clean(block), block))

    def clean(self, block: Block) -> Cleaned:
        """A block's typed rows, ready to be merged, and all rows refused."""
        block = self._leaving.screen(block)
        cleaned = self._early(clean(block), block)
        if block.table in EVENTS:
            return self._leaving.screen_events(self._identities.assign(cleaned, block))
        if block.table == "deletions":
            self._leaving.note(cleaned)
        return self._repeats.drop(cleaned, block)

    def _early(self, cleaned: Cleaned, block: Block) -> Cleaned:
        """The rows of before ``until``; one without a time is kept."""
        time = TIMES.get(block.table)
        if self._until is None or time not in cleaned.frame:
            return cleaned
        late = (cleaned.frame[time] >= self._until).to_numpy(bool)
        mask = block.frame.index.isin(cleaned.frame["line"].to_numpy()[late])
        rejects = refuse(block, mask, ["after-until"] * int(mask.sum()))
        kept = cleaned.frame[~late].reset_index(drop=True)
        return Cleaned(cleaned.table, kept, join_rejects([cleaned.rejects, rejects]))
