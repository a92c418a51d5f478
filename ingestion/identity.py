"""Which event a row is, so that a repeated or overlapping load adds nothing.

An event is its ``interaction_id``, else a hash of all its cleaned columns and of its ordinal among
identical rows of the load: true repeats within one export stay, the same export loaded again gives
the same ids. The ids stay in graphs for good: what is hashed, and how, must never change.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.blocks import Block, BoolArray, join_rejects, refuse
from ingestion.sheet import Cleaned
from ingestion.tally import KeyArray, Tally
from kg.records import TABLES

EVENTS: Final = ("interactions", "reviews", "searches")

#: Between a column's name and its value, between columns, and between the items of a list.
NAMED: Final = "\x1f"
BESIDE: Final = "\x1e"
ITEM: Final = "\x1d"


class Identities:
    """The events met in one load so far; 16 bytes of memory an event."""

    def __init__(self) -> None:
        self._ordinals = {table: Tally() for table in EVENTS}
        self._named = {table: Tally() for table in EVENTS}

    def assign(self, cleaned: Cleaned, block: Block) -> Cleaned:
        """Give every event of a block its id, in ``interaction_id``; ``block`` is what it was.

        Where a source's own id comes twice in a load, the first row holds: an equal second row is
        left out, another one is refused as duplicate-interaction_id.
        """
        frame = cleaned.frame
        digests = digest_rows(cleaned.table, frame)
        keys = row_keys(digests)
        ids = pd.Series(np.nan, index=frame.index, dtype="str")
        if "interaction_id" in frame:
            ids = frame["interaction_id"]
        named = ids.notna().to_numpy(bool)
        ordinals = self._ordinals[cleaned.table].take_ordinals(keys[~named])
        hashed = zip(np.flatnonzero(~named).tolist(), ordinals.tolist(), strict=True)
        values = ids.to_numpy(dtype=object)
        for row, ordinal in hashed:
            values[row] = _identity(digests[row], ordinal)
        frame = frame.assign(interaction_id=pd.array(values, dtype="str"))
        equal, other = self._repeated(cleaned.table, ids[named], keys[named])
        if not (equal.any() or other.any()):
            return replace(cleaned, frame=frame)
        rows = np.flatnonzero(named)
        lines = frame["line"].to_numpy()[rows[other]]
        mask = block.frame.index.isin(lines)
        rejects = refuse(block, mask, ["duplicate-interaction_id"] * int(mask.sum()))
        kept = frame.drop(index=frame.index[rows[equal | other]]).reset_index(drop=True)
        return replace(cleaned, frame=kept, rejects=join_rejects([cleaned.rejects, rejects]))

    def _repeated(
        self, table: str, ids: pd.Series, contents: KeyArray
    ) -> tuple[BoolArray, BoolArray]:
        """Which of these rows come again with the content of the first, and which with another."""
        if not len(ids):
            return np.zeros(0, dtype=bool), np.zeros(0, dtype=bool)
        keys = row_keys([blake2b(text.encode(), digest_size=16).digest() for text in ids])
        contents = contents | np.uint64(1)  # 0 means that the id is new
        distinct, first, which = np.unique(keys, return_index=True, return_inverse=True)
        held = self._named[table].get(distinct)
        new = held == 0
        held = np.where(new, contents[first], held)
        self._named[table].add(distinct[new], held[new])
        again = ~(new[which] & (first[which] == np.arange(len(keys))))
        same = held[which] == contents
        return again & same, again & ~same


def digest_rows(table: str, frame: pd.DataFrame) -> list[bytes]:
    """A hash of each row's content: the table's columns, then others by name, absent values out."""
    known = [name for name in TABLES[table] if name in frame]
    extras = sorted(str(name) for name in frame if name not in (*known, "line"))
    parts = [
        pc.binary_join_element_wise(_scalar(f"{name}{NAMED}"), _texts(frame[name]), _scalar(""))
        for name in (*known, *extras)
        if name != "interaction_id"
    ]
    if not parts:
        return [b""] * len(frame)
    rows = pc.binary_join_element_wise(*parts, _scalar(BESIDE), null_handling="skip")
    person = table.encode()
    return [
        blake2b(row, digest_size=16, person=person).digest()
        for row in rows.cast(pa.large_binary()).to_pylist()
    ]


def row_keys(digests: list[bytes]) -> KeyArray:
    """The first eight bytes of each digest as a number."""
    return np.frombuffer(b"".join(digests), dtype="<u8")[::2].astype(np.uint64)


def _identity(digest: bytes, ordinal: int) -> str:
    """The id of a row: its content's digest if it is the first such row, else a hash of both."""
    if not ordinal:
        return digest.hex()
    return blake2b(digest + ordinal.to_bytes(8, "little"), digest_size=16).hexdigest()


def _scalar(text: str) -> pa.Scalar:
    return pa.scalar(text, pa.large_string())


def _texts(values: pd.Series) -> pa.Array:
    """One text a value, the same in every version of the libraries; null where absent."""
    if isinstance(values.dtype, pd.StringDtype):
        return pa.array(values, pa.large_string(), from_pandas=True)
    if values.dtype == object:
        lists = [ITEM.join(items) if items else None for items in values]
        return pa.array(lists, pa.large_string())
    absent = values.isna().to_numpy(bool)
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        values = values.dt.as_unit("us").astype("int64")
    # Few values differ, and Python's own text of numbers is settled for good.
    codes, distinct = pd.factorize(values)
    texts = np.array([*(repr(value) for value in distinct.tolist()), ""], dtype=object)
    return pa.array(texts[codes], pa.large_string(), mask=absent)
