"""CSV files, plain or gzipped, in blocks of raw text that know their physical lines.

Memory stays bounded whatever the file holds. A row that cannot be one costs that row alone: after
a quote that is never closed, reading resumes at the next physical line.
"""

from __future__ import annotations

import csv
import logging
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from ingestion.blocks import BLOCK_ROWS, Rejects, row_text
from ingestion.errors import SourceError
from ingestion.header import Header
from ingestion.plain_csv import Chunked
from ingestion.text_file import LINE_LIMIT, Line, open_unpacked, read_line

log = logging.getLogger(__name__)

#: No field is longer, in characters; the longest product descriptions are a hundredth of it.
FIELD_LIMIT = 1 << 20
#: A block ends here at the latest, in characters, however few its rows are.
BLOCK_LIMIT = 32 << 20

Format = dict[str, Any]

#: Rows as RFC 4180 has them, blanks after a comma left out.
COMMAS: Final[Format] = {"strict": True, "skipinitialspace": True}
#: Rows without quotes: a line is a row, a tab ends a field.
TABS: Final[Format] = {"delimiter": "\t", "quoting": csv.QUOTE_NONE}


class _Lines(Iterator[str]):
    """Physical lines for a csv.reader; ``record`` holds those of the row being read."""

    def __init__(self, handle: Chunked, path: Path) -> None:
        self.record: list[Line] = []
        self._handle = handle
        self._path = path
        self._again: deque[Line] = deque()
        self._size = 0

    @property
    def pending(self) -> bool:
        """Whether lines taken back are still to be read."""
        return bool(self._again)

    def start_row(self) -> None:
        self.record = []
        self._size = 0

    def keep_first(self) -> None:
        """Take back all lines of the row but its first: they are read again as rows."""
        self._again.extendleft(reversed(self.record[1:]))
        del self.record[1:]

    def __next__(self) -> str:
        if self._again:
            line = self._again.popleft()
        elif (read := read_line(self._handle, self._handle.lines + 1, self._path)) is not None:
            line = read
        else:
            raise StopIteration
        self.record.append(line)
        self._size += len(line.text)
        if self._size > LINE_LIMIT:
            raise csv.Error("row too long")
        return line.text


class _Row(NamedTuple):
    line: int
    fields: list[str]
    fault: str
    text: str  # of a faulty row alone


def _rows(lines: _Lines, form: Format) -> Iterator[_Row]:
    """Every row that is not blank; one that no CSV can hold comes with its fault."""
    csv.field_size_limit(FIELD_LIMIT)
    reader = csv.reader(lines, **form)
    while True:
        lines.start_row()
        fields: list[str] = []
        fault = ""
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            alone = len(lines.record) == 1
            fault = "overlong-field" if alone and "field limit" in str(error) else "bad-csv"
            lines.keep_first()
        record = lines.record
        first = record[0]
        for line in record:
            fault = line.fault or fault
        if fault:
            yield _Row(first.number, fields, fault, "".join(line.text for line in record))
        elif len(fields) > 1 or (fields and fields[0].strip()):
            yield _Row(first.number, fields, "", "")


def read_header(path: Path, form: Format = COMMAS) -> list[str]:
    """The names in the first row of a file.

    Raises:
        SourceError: the file cannot be opened, is empty, or does not begin with a row of UTF-8.
    """
    with open_unpacked(path) as handle:
        return _header(_rows(_Lines(Chunked(handle), path), form), path)


def _header(rows: Iterator[_Row], path: Path) -> list[str]:
    first = next(rows, None)
    if first is None:
        raise SourceError(f"{path}: empty; a header is expected first")
    if "\0" in first.text:
        raise SourceError(f"{path}: line {first.line}: NUL bytes; save the file as UTF-8 text")
    if first.fault:
        raise SourceError(f"{path}: line {first.line}: the header is no row of CSV ({first.fault})")
    return first.fields


class _Gathering:
    """Rows and rejects on their way to a block."""

    def __init__(self, names: list[str | None], path: Path) -> None:
        self._names = names
        self._path = path
        self._lines: list[int] = []
        self._fields: list[list[str]] = []
        self._faulty: list[_Row] = []
        self._characters = 0

    def add(self, row: _Row) -> None:
        if row.fault:
            self._faulty.append(row)
            self._characters += len(row.text)
        elif len(row.fields) != len(self._names):
            text = row_text(row.fields)
            self._faulty.append(row._replace(fault="wrong-number-of-columns", text=text))
            self._characters += len(text)
        else:
            self._lines.append(row.line)
            self._fields.append(row.fields)
            self._characters += sum(map(len, row.fields))

    @property
    def any(self) -> bool:
        """Whether anything has been gathered."""
        return bool(self._lines or self._faulty)

    def full(self, block_rows: int) -> bool:
        rows = len(self._lines) + len(self._faulty)
        return rows >= block_rows or self._characters >= BLOCK_LIMIT

    def take(self) -> tuple[pd.DataFrame, Rejects]:
        """What has been gathered; nothing is left."""
        columns = list(zip(*self._fields, strict=True)) or [()] * len(self._names)
        frame = pd.DataFrame(
            {
                name: pd.array(list(values), dtype="str")
                for name, values in zip(self._names, columns, strict=True)
                if name is not None
            },
            index=pd.Index(self._lines, dtype="int64"),
        )
        rejects = Rejects.of(
            self._path,
            [row.line for row in self._faulty],
            [row.fault for row in self._faulty],
            [row.text.rstrip("\r\n") for row in self._faulty],
        )
        self._lines, self._fields, self._faulty, self._characters = [], [], [], 0
        return frame, rejects


def read_csv(
    path: Path, header: Header, block_rows: int = BLOCK_ROWS, form: Format = COMMAS
) -> Iterator[tuple[pd.DataFrame, Rejects]]:
    """Blocks of a file: raw text by column, the index the physical line; and what is no row.

    At least one block comes, even of a file that has a header alone.

    Raises:
        SourceError: not gzip, not UTF-8, empty, or its header does not match.
    """
    with open_unpacked(path) as handle:
        source = Chunked(handle)
        lines = _Lines(source, path)
        rows = _rows(lines, form)
        names = header.match(_header(rows, path), path)
        if None in names:
            log.warning("%s: a column without a name is left out", path)
        gathering = _Gathering(names, path)
        blocks = 0
        tabs = form is TABS
        while True:
            first = source.lines + 1
            plain = None if lines.pending else source.take_plain(len(names), FIELD_LIMIT, tabs)
            if plain is not None:
                if gathering.any:
                    yield gathering.take()
                for frame in _frames(plain, names, first, block_rows):
                    yield frame, Rejects()
                    blocks += 1
            elif (row := next(rows, None)) is not None:
                gathering.add(row)
                if gathering.full(block_rows):
                    yield gathering.take()
                    blocks += 1
            else:
                break
        if gathering.any or not blocks:
            yield gathering.take()


def _frames(
    table: pa.Table, names: list[str | None], first: int, block_rows: int
) -> Iterator[pd.DataFrame]:
    """Rows, the first of them at line ``first``, in frames of like length."""
    of_text: Any = pd.StringDtype("pyarrow", na_value=np.nan)
    count = -(-len(table) // block_rows)
    rows = -(-len(table) // count)
    for start in range(0, len(table), rows):
        part = table.slice(start, rows)
        columns = {
            name: of_text.__from_arrow__(column)
            for name, column in zip(names, part.columns, strict=True)
            if name is not None
        }
        index = pd.RangeIndex(first + start, first + start + len(part))
        yield pd.DataFrame(columns, index=index)
