"""Rows of CSV read a megabyte at a time where nothing about them is odd.

Python's reader knows the physical line of every row and what to do with each odd one, and takes
microseconds for each. Most files hold nothing odd for megabytes: there Arrow reads the same rows
many times faster. What is odd is given back to be read line by line.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

#: Bytes read at once, up to the end of a line.
CHUNK: Final = 4 << 20

NEWLINE: Final = ord("\n")
COMMA: Final = ord(",")
QUOTE: Final = ord('"')


class Chunked:
    """A file's bytes, by line or by megabyte, that counts the physical lines gone by."""

    def __init__(self, handle: BinaryIO) -> None:
        self.lines = 0
        self._handle = handle
        self._back = io.BytesIO()

    def readline(self, limit: int) -> bytes:
        """The rest of the line, or ``limit`` bytes of it; nothing at the end."""
        raw = self._back.readline(limit)
        if not raw.endswith(b"\n") and len(raw) < limit:
            raw += self._handle.readline(limit - len(raw))
        self.lines += raw.endswith(b"\n")
        return raw

    def take_plain(self, columns: int, longest: int, tabs: bool = False) -> pa.Table | None:
        """The rows of the next chunk, all text, if it is plain; otherwise it is still to be read.

        None, too, at the end, and while lines given back earlier are left.
        """
        left = self._back.read(1)
        if left:
            self._back.seek(-1, io.SEEK_CUR)
            return None
        raw = self._handle.read(CHUNK)
        if raw and not raw.endswith(b"\n"):
            raw += self._handle.readline(longest + 2)
        table = parse_plain(raw, columns, longest, tabs) if raw else None
        if table is None:
            self._back = io.BytesIO(raw)
        else:
            self.lines += len(table)
        return table


def parse_plain(raw: bytes, columns: int, longest: int, tabs: bool = False) -> pa.Table | None:
    """Whole lines of CSV as columns of text; None unless every line is one plain row.

    Plain is a line of so many fields, none longer than ``longest`` bytes, each either without a
    quote or in quotes that hold none; not blank; in UTF-8, without NUL or stray carriage returns.
    With ``tabs`` these end a field, and a quote is a character like any other.
    """
    if b"\r" in raw:
        raw = raw.replace(b"\r\n", b"\n")
    if b"\r" in raw or b"\0" in raw:
        return None
    data = np.frombuffer(raw, np.uint8)
    ends = np.flatnonzero(data == NEWLINE)
    if not len(ends) or ends[-1] != len(data) - 1:
        ends = np.append(ends, len(data))
    lengths = np.diff(ends, prepend=-1) - 1
    if lengths.min() == 0 or lengths.max() > longest:
        return None
    if not (tabs or _quotes_are_plain(data, ends)):
        return None
    names = [str(column) for column in range(columns)]
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(raw),
            pa.csv.ReadOptions(use_threads=False, block_size=len(raw) + 1, column_names=names),
            pa.csv.ParseOptions(
                delimiter="\t" if tabs else ",",
                quote_char=False if tabs else '"',
                ignore_empty_lines=False,
            ),
            pa.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.large_string())),
        )
    except pa.ArrowInvalid:
        return None  # another number of fields, or no UTF-8
    if len(table) != len(ends):
        return None
    columns_read: Sequence[pa.ChunkedArray] = table.columns
    if columns == 1 and pc.min(pc.utf8_length(pc.utf8_trim_whitespace(table[0]))).as_py() == 0:
        return None  # a blank line is no row
    if tabs:
        return table
    if b", " in raw or b"\n " in raw or raw.startswith(b" "):
        columns_read = [pc.utf8_ltrim(column, " ") for column in columns_read]
    return pa.table(list(columns_read), names=names)


def _quotes_are_plain(data: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]) -> bool:
    """Whether quotes open and close whole fields, within a line."""
    quotes = np.flatnonzero(data == QUOTE)
    if not len(quotes):
        return True
    if len(quotes) % 2:
        return False
    opens, closes = quotes[::2], quotes[1::2]
    before = data[opens - 1]
    if opens[0] == 0:
        before[0] = NEWLINE
    after = data[np.minimum(closes + 1, len(data) - 1)]
    if closes[-1] == len(data) - 1:
        after[-1] = NEWLINE
    return bool(
        ((before == COMMA) | (before == NEWLINE)).all()
        and ((after == COMMA) | (after == NEWLINE)).all()
        and (np.searchsorted(ends, opens) == np.searchsorted(ends, closes)).all()
    )
