"""Which event a row is, so that a repeated or overlapping load adds nothing.

An event is its ``interaction_id``, else a hash of all its cleaned columns and of its ordinal among
identical rows of the load: true repeats within one export stay, the same export loaded again gives
the same ids. The ids stay in graphs for good: what is hashed, and how, must never change.

Memory does not grow with the events. A row whose like has surely not come before goes on at once;
one that may have come before, most of them true repeats, waits on disk until all rows are known.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import dataclass, replace
from tempfile import TemporaryFile
from typing import IO, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ingestion import spool
from ingestion.blocks import Block, BoolArray, refuse
from ingestion.hashing import (
    DigestArray,
    digest_columns,
    digest_numbers,
    digest_texts,
    hexadecimal,
)
from ingestion.seen import Seen
from ingestion.sheet import Cleaned
from kg.records import TABLES
from kg.tally import KeyArray

EVENTS: Final = ("interactions", "reviews", "searches")

#: Rows that wait are decided so many at a time, in 24 bytes each: that memory is bounded too.
DECIDED_AT_ONCE: Final = 8_000_000
#: Keys read from disk at once.
READ_KEYS: Final = 1 << 20


class Identities:
    """The events met in one load so far."""

    def __init__(self, expected: int = 1 << 20) -> None:
        """``expected`` is about how many rows will come; more of them only take more time."""
        self._expected = expected
        self._tables: dict[str, _Table] = {}

    def assign(self, cleaned: Cleaned, block: Block) -> Cleaned:
        """Give the events of a block their ids, in ``interaction_id``; ``block`` is what it was.

        Rows that may have come before are left out for now: ``rest`` has them.
        """
        frame = cleaned.frame
        digests = digest_rows(cleaned.table, frame)
        ids, keys, named = name_events(frame, digests)
        frame = frame.assign(interaction_id=ids)
        table = self._tables.setdefault(cleaned.table, _Table(self._expected))
        wait = table.enter(keys, digests[:, 0])
        if wait.any():
            raw = block.frame[block.frame.index.isin(frame["line"].to_numpy()[wait])]
            kept = replace(block, frame=raw)
            table.keep(_Waiting(kept, frame[wait], keys[wait], digests[wait], named[wait]))
        return replace(cleaned, frame=frame[~wait].reset_index(drop=True))

    def rest(self) -> Iterator[Cleaned]:
        """The rows left out so far, each an event after all or none, when no more blocks come.

        Where a source's own id comes twice in a load, the first row holds: an equal second row is
        left out, another one is refused as duplicate-interaction_id.
        """
        for table in self._tables.values():
            yield from table.decide()


@dataclass(frozen=True)
class _Waiting:
    """Rows of one block that may have come before; ``block`` holds them as they were."""

    block: Block
    frame: pd.DataFrame
    keys: KeyArray
    digests: DigestArray
    named: BoolArray

    def take(self, mask: BoolArray) -> _Waiting:
        parts = (self.frame[mask], self.keys[mask], self.digests[mask], self.named[mask])
        return _Waiting(self.block, *parts)


class _Table:
    """The events of one table: which keys have gone on, and which rows wait."""

    def __init__(self, expected: int) -> None:
        self._seen = Seen(expected)
        # Nameless files, open as long as this is in use.
        self._gone: IO[bytes] = TemporaryFile()  # noqa: SIM115
        self._waiting: IO[bytes] = TemporaryFile()  # noqa: SIM115
        for file in (self._gone, self._waiting):
            weakref.finalize(self, file.close)
        self._number = 0

    def enter(self, keys: KeyArray, contents: KeyArray) -> BoolArray:
        """Which of these rows must wait; the others are noted as gone on."""
        wait = self._seen.perhaps(keys) | pd.Series(keys).duplicated().to_numpy()
        self._seen.add(keys[~wait])
        self._gone.write(np.stack([keys, contents], axis=1)[~wait].tobytes())
        return wait

    def keep(self, waiting: _Waiting) -> None:
        spool.put(self._waiting, waiting)
        self._number += len(waiting.keys)

    def decide(self) -> Iterator[Cleaned]:
        parts = np.uint64(-(-self._number // DECIDED_AT_ONCE))
        for part in range(int(parts)):
            keys = [w.keys[w.keys % parts == part] for w in spool.take_all(self._waiting)]
            distinct = np.unique(np.concatenate(keys))
            if not len(distinct):
                continue
            memory = _Memory(distinct)
            for gone in self._read_gone():
                memory.note(gone)
            for waiting in spool.take_all(self._waiting):
                mine = waiting.take(waiting.keys % parts == part)
                if len(mine.keys):
                    yield memory.outcome(mine)

    def _read_gone(self) -> Iterator[KeyArray]:
        self._gone.seek(0)
        while raw := self._gone.read(16 * READ_KEYS):
            yield np.frombuffer(raw, np.uint64).reshape(-1, 2)


class _Memory:
    """What is known of some keys: how often each has come, and the content of its first row."""

    def __init__(self, keys: KeyArray) -> None:
        self._keys = keys
        self._counts = np.zeros(len(keys), dtype=np.int64)
        self._contents = np.zeros(len(keys), dtype=np.uint64)

    def note(self, gone: KeyArray) -> None:
        """Note which keys have gone on, with their contents in the second column."""
        at = np.minimum(np.searchsorted(self._keys, gone[:, 0]), len(self._keys) - 1)
        same = self._keys[at] == gone[:, 0]
        self._counts[at[same]] = 1
        self._contents[at[same]] = gone[same, 1]

    def outcome(self, waiting: _Waiting) -> Cleaned:
        """The rows that are events, ids by ordinal, and those refused for another's id."""
        at = np.searchsorted(self._keys, waiting.keys)
        ordinals = self._counts[at] + pd.Series(at).groupby(at).cumcount().to_numpy()
        self._counts += np.bincount(at, minlength=len(self._counts))
        contents = waiting.digests[:, 0]
        self._contents[at[ordinals == 0]] = contents[ordinals == 0]
        again = ordinals > 0
        repeat = again & ~waiting.named
        ids = waiting.frame["interaction_id"].astype("object").to_numpy(copy=True)
        if repeat.any():
            ids[repeat] = repeated_ids(waiting.digests[repeat], ordinals[repeat])
        frame = waiting.frame.assign(interaction_id=pd.array(ids, dtype="str"))
        taken = again & waiting.named
        lines = frame["line"].to_numpy()[taken & (contents != self._contents[at])]
        mask = waiting.block.frame.index.isin(lines)
        rejects = refuse(waiting.block, mask, ["duplicate-interaction_id"] * int(mask.sum()))
        return Cleaned(waiting.block.table, frame[~taken].reset_index(drop=True), rejects)


def name_events(frame: pd.DataFrame, digests: DigestArray) -> tuple[pd.Series, KeyArray, BoolArray]:
    """The id of each row if none like it came before, a key of that, and whether it is its own."""
    ids = pd.Series(pd.array(hexadecimal(digests), dtype="str"), index=frame.index)
    named = np.zeros(len(frame), dtype=bool)
    keys = digests[:, 0].copy()
    if "interaction_id" in frame:
        own = frame["interaction_id"]
        named = own.notna().to_numpy(bool)
        ids = own.where(named, ids)
        keys[named] = digest_texts(own[named], "interaction_id")[:, 0]
    return ids, keys, named


def repeated_ids(digests: DigestArray, ordinals: npt.NDArray[np.int64]) -> list[str]:
    """The ids of rows with as many like them before."""
    numbers = np.column_stack([digests, ordinals.astype(np.uint64)])
    ids: list[str] = hexadecimal(digest_numbers(numbers, "ordinal")).to_pylist()
    return ids


def digest_rows(table: str, frame: pd.DataFrame) -> DigestArray:
    """A hash of each row's content: the table's columns, then others by name, absent values out."""
    known = [name for name in TABLES[table] if name in frame]
    extras = sorted(str(name) for name in frame if name not in (*known, "line"))
    names = [name for name in (*known, *extras) if name != "interaction_id"]
    return digest_columns(frame, names, table)
