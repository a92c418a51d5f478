"""Files of one record a line, plain or gzipped: JSON, or the dictionaries that Python prints.

A line that is no record costs itself alone. Memory is bounded by ``BLOCK_LIMIT`` characters of
lines at a time.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ingestion.blocks import BLOCK_ROWS, Rejects
from ingestion.text_file import open_unpacked, read_lines

#: A block ends here at the latest, in characters, however few its records are.
BLOCK_LIMIT = 16 << 20

Record = dict[str, Any]


class Records(NamedTuple):
    """Some records of a file with their lines, and the lines that are none."""

    records: list[Record]
    lines: list[int]
    rejects: Rejects


def read_records(path: Path, block_rows: int = BLOCK_ROWS) -> Iterator[Records]:
    """The records of a file in blocks; at least one block comes.

    Raises:
        SourceError: not gzip, cut short, or not UTF-8.
    """
    records: list[Record] = []
    lines: list[int] = []
    faulty: list[tuple[int, str, str]] = []
    characters = blocks = 0
    with open_unpacked(path) as handle:
        for line in read_lines(handle, path):
            text = line.text.strip()
            characters += len(line.text)
            if line.fault:
                faulty.append((line.number, line.fault, text))
            elif text:
                record = parse_record(text)
                if record is None:
                    faulty.append((line.number, "bad-json", text))
                else:
                    records.append(record)
                    lines.append(line.number)
            if len(records) + len(faulty) >= block_rows or characters >= BLOCK_LIMIT:
                yield Records(records, lines, _rejects(path, faulty))
                records, lines, faulty, characters = [], [], [], 0
                blocks += 1
    if records or faulty or not blocks:
        yield Records(records, lines, _rejects(path, faulty))


def parse_record(text: str) -> Record | None:
    """A line's record, or None where it holds none; of a name told twice the last value holds."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        if "'" not in text:
            return None
        try:
            record = ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return None
    return record if isinstance(record, dict) and all(map(_is_text, record)) else None


def _is_text(name: object) -> bool:
    return isinstance(name, str)


def _rejects(path: Path, faulty: list[tuple[int, str, str]]) -> Rejects:
    numbers, reasons, texts = zip(*faulty, strict=True) if faulty else ((), (), ())
    return Rejects.of(path, numbers, reasons, texts)
