"""From a source to the graph, in one pass, in bounded memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ingestion.blocks import BLOCK_ROWS, Block, Rejects
from ingestion.cleaner import Cleaner, expected_rows
from ingestion.detect import AUTO, Source, choose_source
from ingestion.errors import SourceError
from ingestion.leaving import Leaving
from ingestion.rejects import RejectsFile
from ingestion.sheet import Cleaned
from ingestion.spelling import UNDECLARED, Declared
from kg.events import EventMerger
from kg.known import read_known_events
from kg.returns import link_returns
from kg.tombstones import Tombstones, read_tombstones
from kg.until import check_zone
from kg.write import finish_load, merge_table

if TYPE_CHECKING:
    from kg.connection import Graph


#: Shown every block, cleaned and as it was; None for rows of several blocks that waited.
Observer = Callable[[Cleaned, Block | None], None]


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

    @classmethod
    def of(
        cls, read: int, written: int, rejects: RejectsFile, leaving: Leaving, started: float
    ) -> LoadReport:
        """What a load that began at ``started`` (monotonic) has come to."""
        rejected = rejects.counts + leaving.counts
        return cls(
            read=read,
            written=written,
            unchanged=read - written - rejected.total(),
            rejected=dict(sorted(rejected.items())),
            rejects_file=rejects.path,
            seconds=time.monotonic() - started,
        )


class Road(Protocol):
    """A way of cleaned rows into the graph."""

    def take(self, cleaned: Cleaned, now: datetime, *, derived: bool = False) -> int:
        """Take some rows of a table; how many are known to be new or to change something.

        ``derived`` rows stand for no line of the source: what they change is not counted.
        """

    def finish(self, now: datetime, *, whole: bool) -> tuple[int, Rejects]:
        """End the load, ``whole`` or broken off: what else was new or changed, and was refused."""


class Upserts:
    """Rows merged by statements, block by block, into whatever is there."""

    def __init__(self, graph: Graph, expected: int) -> None:
        """``expected`` is about how many rows will come."""
        self._graph = graph
        # Users and products that a broken load has left without a tensor row get theirs first:
        # what the graph has is read by pages of these.
        finish_load(graph)
        self._events = EventMerger(graph, read_known_events(graph, expected))

    def take(self, cleaned: Cleaned, now: datetime, *, derived: bool = False) -> int:
        """Merge them."""
        return merge_table(self._graph, cleaned.table, cleaned.frame, now, self._events)

    def finish(self, now: datetime, *, whole: bool) -> tuple[int, Rejects]:
        """Number what is new; what is written stays, and the next load adds the rest."""
        finish_load(self._graph)
        if whole:
            link_returns(self._graph, now)
        return 0, Rejects()


def load(
    graph: Graph,
    source: Path,
    fmt: str = AUTO,
    *,
    rejects_dir: Path,
    until: datetime | None = None,
    declared: Declared = UNDECLARED,
    observe: Observer | None = None,
    progress: Callable[[int], None] | None = None,
    module: Source | None = None,
) -> LoadReport:
    """Merge a file or folder into the graph; safe to repeat, also after a failure half-way.

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
    return load_by(
        lambda _: Upserts(graph, expected_rows(source)),
        source,
        fmt,
        rejects_dir=rejects_dir,
        until=until,
        declared=declared,
        observe=observe,
        progress=progress,
        module=module,
        leaving=Leaving(read_tombstones(graph)),
    )


def load_by(
    make_road: Callable[[datetime], Road],
    source: Path,
    fmt: str = AUTO,
    *,
    rejects_dir: Path,
    until: datetime | None = None,
    declared: Declared = UNDECLARED,
    observe: Observer | None = None,
    progress: Callable[[int], None] | None = None,
    module: Source | None = None,
    leaving: Leaving | None = None,
) -> LoadReport:
    """Clean a file or folder and send its rows on a road, made for the load's time.

    Args:
        leaving: what was deleted from the graph for good; by default nothing.

    Raises:
        SourceError: the source cannot be read, or its rejects cannot be kept.
        ValueError: there is no such format, or ``until`` has no zone.
    """
    check_zone(until)
    started = time.monotonic()
    now = datetime.now(UTC)
    module = module or choose_source(source, fmt)
    leaving = leaving or Leaving(Tombstones(salt=""))
    cleaner = Cleaner(until, expected_rows(source), leaving)
    cleaner.look_ahead(module, source, declared)
    rejects = RejectsFile(rejects_dir, source, now)
    road = make_road(now)
    read = written = 0
    try:
        with closing(module.read(source, BLOCK_ROWS, until, declared)) as blocks:
            for block in blocks:
                cleaned = cleaner.clean(block)
                changed = road.take(cleaned, now, derived=block.derived)
                if observe is not None:
                    observe(cleaned, block)
                if not block.derived:
                    rows = len(block.frame) + len(block.rejects)
                    read += rows
                    written += changed
                    rejects.write(cleaned.rejects)
                    if progress is not None:
                        progress(rows)
        for cleaned in cleaner.rest():
            written += road.take(cleaned, now)
            if observe is not None:
                observe(cleaned, None)
            rejects.write(cleaned.rejects)
        more, refused = road.finish(now, whole=True)
        written += more
        rejects.write(refused)
    except SourceError:
        road.finish(now, whole=False)
        raise
    finally:
        rejects.close()
    return LoadReport.of(read, written, rejects, leaving, started)
