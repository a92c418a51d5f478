"""All events of a graph in a file, of which only what has changed is read again.

A user's events of one kind are read again when their number, or the time of the load that brought
the newest, is another than it was: so what was added is found, and what was deleted, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
import numpy.typing as npt

from kg.connection import Graph
from kg.parallel import in_order
from kg.records import KINDS, NO_TIME, RELATIONSHIPS

IntArray = npt.NDArray[np.int64]

#: Users whose marks one record holds, and users whose events another does.
PAGE_MARKS = 5_000
PAGE_USERS = 1_000

FILE = "events.npz"
EVENT = ("user", "product", "time_ms", "place", "placed", "ingested_ms")
MARK = ("user", "events", "newest_ms")

Columns = dict[str, IntArray]


@dataclass(frozen=True)
class CachedEvents:
    """The events of every kind, and how many users' events had to be read for that.

    ``kinds`` holds, for each kind, the columns ``EVENT`` of all its events, by user.
    """

    kinds: dict[str, Columns]
    users_read: int
    events_read: int


def read_events(
    graph: Graph, folder: Path, users: int, progress: Callable[[int], None] | None = None
) -> CachedEvents:
    """Every event of the graph as it is now; ``folder`` keeps them for the next time.

    A file that is missing, damaged or of another store is as good as an empty one.
    """
    store = str(graph.read_packed("read/store_id")[0]["id"])
    known = _load(folder / FILE, store)
    kinds: dict[str, Columns] = {}
    kept: dict[str, IntArray] = {}
    users_read = events_read = 0
    counts = graph.read_packed("read/count_events")[0]["events"]
    for kind in KINDS:
        type_ = RELATIONSHIPS[kind]
        marks = _joined(MARK, _read_marks(graph, type_, users if counts[type_] else 0))
        old_marks = {name: known.get(f"{kind}.mark.{name}", _NONE) for name in MARK}
        events = {name: known.get(f"{kind}.{name}", _NONE) for name in EVENT}
        changed = _changed(old_marks, marks, users)
        if changed.any():
            unchanged = ~changed[events["user"]]
            rows = np.flatnonzero(changed)
            fresh = _joined(EVENT, _read_users(graph, type_, rows, progress))
            users_read += len(rows)
            events_read += len(fresh["user"])
            events = {
                name: np.concatenate([events[name][unchanged], fresh[name]]) for name in EVENT
            }
            order = np.argsort(events["user"], kind="stable")
            events = {name: column[order] for name, column in events.items()}
        kinds[kind] = events
        kept |= {f"{kind}.mark.{name}": column for name, column in marks.items()}
        kept |= {f"{kind}.{name}": column for name, column in events.items()}
    if users_read or not known:
        _save(folder / FILE, store, kept)
    return CachedEvents(kinds, users_read, events_read)


_NONE: IntArray = np.zeros(0, np.int64)


def _read_marks(graph: Graph, type_: str, users: int) -> Iterator[Columns]:
    pages = [
        {"type": type_, "from": start, "to": start + PAGE_MARKS}
        for start in range(0, users, PAGE_MARKS)
    ]
    for record in in_order(lambda page: graph.read_packed("read/event_marks", **page)[0], pages):
        yield {name: np.asarray(record[name], np.int64) for name in MARK}


def _read_users(
    graph: Graph, type_: str, rows: IntArray, progress: Callable[[int], None] | None
) -> Iterator[Columns]:
    pages = [rows[start : start + PAGE_USERS] for start in range(0, len(rows), PAGE_USERS)]

    def read(page: IntArray) -> Columns:
        given = {"type": type_, "users": page.tolist(), "no_time": NO_TIME}
        record = graph.read_packed("read/events_of_users", **given)[0]
        return {name: np.asarray(record[name], np.int64) for name in EVENT}

    for columns in in_order(read, pages):
        if progress is not None:
            progress(len(columns["user"]))
        yield columns


def _joined(names: tuple[str, ...], parts: Iterator[Columns]) -> Columns:
    pieces = [dict.fromkeys(names, _NONE), *parts]
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in names}


def _changed(old: Columns, new: Columns, users: int) -> npt.NDArray[np.bool_]:
    """Which users' marks differ: those of before, those of now, or both may lack a user."""
    rows = max(users, int(old["user"].max(initial=-1)) + 1)
    spread = np.zeros((2, 2, rows), np.int64)
    for when, marks in enumerate((old, new)):
        spread[when, 0, marks["user"]] = marks["events"]
        spread[when, 1, marks["user"]] = marks["newest_ms"]
    changed: npt.NDArray[np.bool_] = (spread[0] != spread[1]).any(axis=0)
    return changed


def _load(file: Path, store: str) -> dict[str, IntArray]:
    try:
        with np.load(file, allow_pickle=False) as kept:
            found = {name: kept[name] for name in kept.files}
    except (OSError, ValueError, EOFError):
        return {}
    return found if str(found.pop("store", "")) == store else {}


def _save(file: Path, store: str, kept: dict[str, IntArray]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=file.parent, delete=False, suffix=".partial") as partial:
        np.savez(partial, store=np.array(store), **kept)  # type: ignore[arg-type]
    Path(partial.name).replace(file)
