"""RecBole's atomic files: tab-separated, each column's name with its type, ``user_id:token``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ingestion.blocks import BLOCK_ROWS, Block, Rejects, join_rejects, refuse
from ingestion.csv_file import TABS, read_csv, read_header
from ingestion.errors import SourceError
from ingestion.header import Header
from ingestion.values import parse_numbers, trim

TYPES: Final = ("token", "token_seq", "float", "float_seq")

_QUOTED: Final = r'"(?:[^"]|"")*"'


@dataclass(frozen=True)
class Field:
    """A column: what its header says, its name in small letters, and its type."""

    header: str
    name: str
    type: str


def read_fields(path: Path) -> list[Field]:
    """The columns of a file.

    Raises:
        SourceError: it cannot be read, or its header is not of names with types.
    """
    fields = []
    for header in read_header(path, TABS):
        name, mark, kind = header.strip().rpartition(":")
        if not mark or not name or kind not in TYPES:
            raise SourceError(
                f"{path}: {header[:50]!r} is no NAME:TYPE, with a type of {', '.join(TYPES)}"
            )
        fields.append(Field(header.strip(), name.lower(), kind))
    return fields


def read_atomic(
    path: Path, fields: list[Field], block_rows: int = BLOCK_ROWS
) -> Iterator[tuple[pd.DataFrame, Rejects]]:
    """Blocks of a file: raw text by the columns' names, and what is no row or has a bad float.

    A line is a row, whatever quotes it holds; a field that is quoted as a whole loses its quotes.

    Raises:
        SourceError: not gzip, not UTF-8, or a column is there twice.
    """
    header = Header(known=[field.header for field in fields], required=())
    names = {field.header: field.name for field in fields}
    floats = [field.name for field in fields if field.type == "float"]
    for raw, unread in read_csv(path, header, block_rows, TABS):
        frame = raw.rename(columns=names).apply(_unquoted)
        bad = np.zeros(len(frame), dtype=bool)
        for name in floats:
            bad |= parse_numbers(trim(frame[name]))[1]
        if not bad.any():
            yield frame, unread
            continue
        rejects = refuse(Block("", frame, path), bad, ["bad-float"] * int(bad.sum()))
        yield frame[~bad], join_rejects([unread, rejects])


def _unquoted(text: pd.Series) -> pd.Series:
    quoted = text.str.fullmatch(_QUOTED, na=False)
    return (
        text.where(~quoted, text.str.slice(1, -1).str.replace('""', '"')) if quoted.any() else text
    )


def floats_of(text: pd.Series) -> npt.NDArray[np.float64]:
    """Numbers of a column of floats; NaN where there is none."""
    return parse_numbers(trim(text))[0]


def tokens_of(text: pd.Series, commas: bool = False) -> list[list[str]]:
    """The tokens of each sequence, which spaces part, or commas."""
    mark = "," if commas else None
    cells = {cell: _split(cell, mark) for cell in text.unique()}
    return [cells[cell] for cell in text]


def _split(cell: str, mark: str | None) -> list[str]:
    # The conversions of the Amazon sets left quotes and brackets around their tokens.
    tokens = (token.strip().strip("'\"[]").strip() for token in cell.split(mark))
    return list(dict.fromkeys(filter(None, tokens)))
