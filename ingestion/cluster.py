"""A load beyond one machine: Ray's workers read, clean and write; the head tells repeats apart.

Why Ray and not Spark with Neo4j's connector: its tasks are the same Python modules that one machine
runs, so that rows, ids and rejects cannot differ; and the connector has to write the relationships
of a bipartite graph through one partition, or partitions wait for each other's nodes until the
server calls a deadlock. Here the rows of some files are dealt into a square of cells, by user one
way and by product the other; the cells of a diagonal share no node, so as many workers as the
square has rows write one diagonal at a time without ever waiting.

Facts, few beside events, go the one machine's way first. Of an event only two numbers reach the
head: a hash of its id or content, and its place among its like decided in the order of the files.
"""

from __future__ import annotations

import itertools
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ingestion.blocks import BLOCK_ROWS, Block, BoolArray, Rejects, join_rejects, refuse
from ingestion.clean import clean
from ingestion.cleaner import Cleaner, early
from ingestion.detect import AUTO, Source, choose_source, find_sources, format_of
from ingestion.errors import SourceError
from ingestion.hashing import DigestArray
from ingestion.identity import digest_rows, name_events, repeated_ids
from ingestion.leaving import Leaving
from ingestion.load import LoadReport
from ingestion.rejects import RejectsFile
from ingestion.repeats import KEYS
from ingestion.report.quality import Quality
from ingestion.sheet import Cleaned
from ingestion.spelling import UNDECLARED, Declared
from kg.connection import open_graph
from kg.returns import link_returns
from kg.tally import KeyArray, Tally
from kg.tombstones import Tombstones, read_tombstones
from kg.until import check_zone
from kg.write import finish_load, merge_table

IntArray = np.ndarray[tuple[int], np.dtype[np.int64]]

#: Uri, user, password and database of the graph.
Access = tuple[str, str, str, str]

#: A cell holds parts of tables, and whether their rows stand for lines of the source.
Cell = list[tuple[str, pd.DataFrame, bool]]


@dataclass(frozen=True)
class Keys:
    """What the head learns of a block's events: keys, contents, and which have ids of their own."""

    table: str
    keys: KeyArray
    contents: KeyArray
    named: BoolArray


@dataclass(frozen=True)
class Piece:
    """A cleaned block that waits on a worker's side for the places of its events."""

    block: Block
    cleaned: Cleaned
    digests: DigestArray
    named: BoolArray
    left_out: Counter[str]


class Places:
    """Which place each event has among its like, in the order of coming; 32 bytes an event."""

    def __init__(self) -> None:
        self._counts: dict[str, Tally] = {}
        self._contents: dict[str, Tally] = {}

    def take(self, keys: Keys) -> tuple[IntArray, BoolArray]:
        """The place of each event, from 0, and which say something else under another's id."""
        ordinals = self._counts.setdefault(keys.table, Tally()).take_ordinals(keys.keys)
        contents = self._contents.setdefault(keys.table, Tally())
        marked = keys.contents | np.uint64(1)  # 0 means that the id is new
        first = keys.named & (ordinals == 0)
        order = np.argsort(keys.keys[first])
        contents.add(keys.keys[first][order], marked[first][order])
        other = np.zeros(len(marked), dtype=bool)
        again = keys.named & (ordinals > 0)
        other[again] = contents.get(keys.keys[again]) != marked[again]
        return ordinals, other


def read_part(
    fmt: str, part: Path, until: datetime | None, declared: Declared, tombstones: Tombstones
) -> tuple[list[Piece], list[Keys]]:
    """Clean one file's events, as a worker's task."""
    pieces, keys = [], []
    with closing(find_sources()[fmt].read(part, BLOCK_ROWS, until, declared)) as blocks:
        for whole in blocks:
            leaving = Leaving(tombstones)
            block = leaving.screen(whole)
            cleaned = early(clean(block), block, until)
            digests = digest_rows(cleaned.table, cleaned.frame)
            ids, hashes, named = name_events(cleaned.frame, digests)
            cleaned = replace(cleaned, frame=cleaned.frame.assign(interaction_id=ids))
            pieces.append(Piece(whole, cleaned, digests, named, leaving.counts))
            keys.append(Keys(cleaned.table, hashes, digests[:, 0], named))
    return pieces, keys


def place_part(
    pieces: Sequence[Piece],
    places: Sequence[tuple[IntArray, BoolArray]],
    width: int,
    tombstones: Tombstones,
) -> list[Any]:
    """Give a file's events their ids and deal them into cells, as a worker's task.

    Returns:
        What the head is told (rejects, rows read, quality, rows left out), then the ``width`` x
        ``width`` cells row by row, and a last one for rows that join three nodes.
    """
    quality, rejects, read = Quality(), [], 0
    leaving = Leaving(tombstones)
    cells: list[Cell] = [[] for _ in range(width * width + 1)]
    for piece, (ordinals, other) in zip(pieces, places, strict=True):
        leaving.counts.update(piece.left_out)
        cleaned = leaving.screen_events(_placed(piece, ordinals, other))
        quality.note(cleaned, piece.block)
        if not piece.block.derived:
            rejects.append(cleaned.rejects)
            read += len(piece.block.frame) + len(piece.block.rejects)
        for cell, frame in _deal(cleaned, width):
            cells[cell].append((cleaned.table, frame, not piece.block.derived))
    return [(join_rejects(rejects), read, quality, leaving.counts), *cells]


def write_cells(access: Access, now: datetime, *cells: Cell) -> int:
    """Merge some cells' rows, as a worker's task; how many lines were new or changed something."""
    written = 0
    with open_graph(*access) as graph:
        for table, frame, counted in itertools.chain.from_iterable(cells):
            changed = merge_table(graph, table, frame, now)
            written += changed if counted else 0
    return written


def _placed(piece: Piece, ordinals: IntArray, other: BoolArray) -> Cleaned:
    """The events of a block under their ids; of those with an id of their own, the first alone."""
    frame, again = piece.cleaned.frame, ordinals > 0
    repeat = again & ~piece.named
    if repeat.any():
        ids = frame["interaction_id"].to_numpy(dtype=object, copy=True)
        ids[repeat] = repeated_ids(piece.digests[repeat], ordinals[repeat])
        frame = frame.assign(interaction_id=pd.array(ids, dtype="str"))
    mask = piece.block.frame.index.isin(frame["line"].to_numpy()[other])
    rejects = refuse(piece.block, mask, ["duplicate-interaction_id"] * int(mask.sum()))
    kept = frame[~(again & piece.named)].reset_index(drop=True)
    return replace(
        piece.cleaned, frame=kept, rejects=join_rejects([piece.cleaned.rejects, rejects])
    )


def _deal(cleaned: Cleaned, width: int) -> Iterator[tuple[int, pd.DataFrame]]:
    """The rows of each cell; a guest is known by the order."""
    frame = cleaned.frame
    if cleaned.table == "searches":
        yield width * width, frame
        return
    users = frame["user_id"]
    if "order_id" in frame:
        users = users.fillna(frame["order_id"])
    row, column = (_groups(ids, width) for ids in (users, frame["product_id"]))
    for cell, rows in frame.groupby(row * width + column, sort=True):
        yield int(str(cell)), rows


def _groups(ids: pd.Series, width: int) -> IntArray:
    hashes = pd.util.hash_array(ids.to_numpy(dtype=object), categorize=True)
    return (hashes % np.uint64(width)).astype(np.int64)


def load_on_cluster(
    access: Access,
    source: Path,
    fmt: str = AUTO,
    *,
    rejects_dir: Path,
    until: datetime | None = None,
    declared: Declared = UNDECLARED,
    workers: int | None = None,
    quality: Quality | None = None,
    progress: Callable[[int], None] | None = None,
) -> LoadReport:
    """Bring a source of many files into a graph by Ray; the graph is that of a load on one machine.

    The cluster is the one that RAY_ADDRESS names, else one of this machine's with ``workers``
    workers. Files must be where every worker sees them.

    Raises:
        SourceError: the source cannot be read or split, or Ray is not installed.
        ValueError: there is no such format, or ``until`` has no zone.
    """
    check_zone(until)
    module = choose_source(source, fmt)
    split = getattr(module, "split", None)
    if split is None:
        raise SourceError(f"{source}: files of {format_of(module)} need one another: no cluster")
    parts: list[Path] = split(source)
    started, now = time.monotonic(), datetime.now(UTC)
    quality = quality if quality is not None else Quality()
    rejects = RejectsFile(rejects_dir, source, now)
    ray = _start_ray(workers)
    width = max(1, int(ray.cluster_resources().get("CPU", 1)))
    read = written = 0
    try:
        with open_graph(*access) as graph:
            leaving = Leaving(read_tombstones(graph))
            for rows, changed, refused in _facts(
                graph, module, source, until, declared, now, quality, leaving
            ):
                read, written = read + rows, written + changed
                rejects.write(refused)
            try:
                asked = (until, declared, leaving.tombstones)
                job = _Job(ray, width, access, format_of(module), asked, now)
                for wave in job.waves(parts):
                    for refused, rows, told, left_out in wave.told:
                        leaving.counts.update(left_out)
                        rejects.write(refused)
                        quality.merge(told)
                        read += rows
                        if progress is not None:
                            progress(rows)
                    written += job.write(wave)
            except ray.exceptions.RayTaskError as error:
                raise error.cause from None
            finally:
                finish_load(graph)
            link_returns(graph, now)
    finally:
        rejects.close()
        if workers is not None:
            ray.shutdown()
    return LoadReport.of(read, written, rejects, leaving, started)


@dataclass(frozen=True)
class _Wave:
    """Some files' rows: what the head is told of each, and their cells on the workers' side."""

    told: list[tuple[Rejects, int, Quality, Counter[str]]]
    cells: list[list[Any]]


class _Job:
    """One load's tasks on a cluster."""

    def __init__(
        self,
        ray: Any,
        width: int,
        access: Access,
        fmt: str,
        asked: tuple[datetime | None, Declared, Tombstones],
        now: datetime,
    ) -> None:
        self._ray, self._width = ray, width
        self._access, self._now = access, now
        self._asked = asked
        self._fmt = fmt
        self._read = ray.remote(num_returns=2)(read_part)
        self._place = ray.remote(num_returns=width * width + 2)(place_part)
        self._write = ray.remote(write_cells)

    def waves(self, parts: Sequence[Path]) -> Iterator[_Wave]:
        """As many files at a time as there are workers, in order; the next are read meanwhile."""
        places = Places()
        waiting = iter(parts)
        begun: deque[tuple[Any, Any]] = deque()
        while True:
            for part in itertools.islice(waiting, 2 * self._width - len(begun)):
                begun.append(tuple(self._read.remote(self._fmt, part, *self._asked)))
            if not begun:
                return
            told, cells = [], []
            for _ in range(min(self._width, len(begun))):
                pieces, keys = begun.popleft()
                decided = [places.take(block) for block in self._ray.get(keys)]
                first, *rest = self._place.remote(pieces, decided, self._width, self._asked[-1])
                told.append(first)
                cells.append(rest)
            yield _Wave(self._ray.get(told), cells)

    def write(self, wave: _Wave) -> int:
        """Write a wave's cells, diagonal by diagonal; the rows of three nodes by one writer."""
        written = 0
        for shift in range(self._width):
            diagonal = [
                row * self._width + (row + shift) % self._width for row in range(self._width)
            ]
            written += sum(self._ray.get([self._written(wave, cell) for cell in diagonal]))
        return written + int(self._ray.get(self._written(wave, self._width**2)))

    def _written(self, wave: _Wave, cell: int) -> Any:
        return self._write.remote(self._access, self._now, *(file[cell] for file in wave.cells))


def _facts(
    graph: Any,
    module: Source,
    source: Path,
    until: datetime | None,
    declared: Declared,
    now: datetime,
    quality: Quality,
    leaving: Leaving,
) -> Iterator[tuple[int, int, Rejects]]:
    """Merge the tables of facts that a source begins with: rows, changes and rejects by block."""
    cleaner = Cleaner(until, leaving=leaving)
    cleaner.look_ahead(module, source, declared)
    with closing(module.read(source, BLOCK_ROWS, until, declared)) as blocks:
        for block in itertools.takewhile(lambda block: block.table in KEYS, blocks):
            cleaned = cleaner.clean(block)
            changed = merge_table(graph, cleaned.table, cleaned.frame, now)
            quality.note(cleaned, block)
            if not block.derived:
                yield len(block.frame) + len(block.rejects), changed, cleaned.rejects


def _start_ray(workers: int | None) -> Any:
    """Ray, connected to a cluster."""
    try:
        import ray
    except ImportError:
        raise SourceError("Ray is not installed: pip install 'shopgraph[cluster]'") from None
    if not ray.is_initialized():
        # Nothing about a shop is told to anybody.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
        if "RAY_ADDRESS" not in os.environ:
            options |= {"num_cpus": workers or os.cpu_count(), "include_dashboard": False}
            # A cluster of this machine alone is nobody else's to reach.
            options |= {"_node_ip_address": "127.0.0.1"}
            # Ray lets its workers give way to everything else; here they are the work.
            os.environ.setdefault("RAY_worker_niceness", "0")
        ray.init(**options)
    return ray
