"""What sources hand over: blocks of one table's raw rows, and the rows they refuse."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

BoolArray = npt.NDArray[np.bool_]

#: Rows of a block where the caller does not say.
BLOCK_ROWS = 50_000

Dates = Literal["iso", "year-first", "day-first", "month-first", "epoch"]
Decimal = Literal["plain", "point", "comma"]

#: Columns of rejects, in the order of the rejects file.
REJECT_COLUMNS = ("file", "line", "reason", "row")


@dataclass(frozen=True)
class Rejects:
    """Refused rows: where each one stands, why, and its text."""

    frame: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(REJECT_COLUMNS)))

    def __len__(self) -> int:
        return len(self.frame)

    @classmethod
    def of(
        cls, file: Path, lines: Sequence[int], reasons: Sequence[str], rows: Sequence[str]
    ) -> Rejects:
        """Rejects of one file, a reason and a text a line."""
        columns = {"file": file.name, "line": lines, "reason": reasons, "row": rows}
        return cls(pd.DataFrame(columns, columns=list(REJECT_COLUMNS)))

    def counts(self) -> dict[str, int]:
        """How many rows each reason refused."""
        return {str(reason): int(n) for reason, n in self.frame["reason"].value_counts().items()}


@dataclass(frozen=True)
class Spelling:
    """How a column is written, and by what that is known; ``zone`` is of times that name none."""

    dates: Dates = "iso"
    decimal: Decimal = "plain"
    zone: str = "UTC"
    why: str = ""


@dataclass(frozen=True)
class Block:
    """Some rows of one table as they stand in a file.

    ``frame`` has the contract's column names where the table has them, raw text in every column
    (lists, and numbers that the source itself has typed, pass as they are) and the line of each
    row, counted from 1, as its index; for Parquet the line is the row's number. ``rejects`` are
    the rows that the reader itself refuses. ``spelling`` has the columns whose times and numbers
    are not written the contract's way.
    A ``derived`` block gathers what other rows of the load said; its rows stand for no line of
    the source and are not counted.
    """

    table: str
    frame: pd.DataFrame
    file: Path
    rejects: Rejects = field(default_factory=Rejects)
    derived: bool = False
    spelling: Mapping[str, Spelling] = field(default_factory=dict)


def refuse(block: Block, refused: BoolArray, reasons: Sequence[str]) -> Rejects:
    """The rows of a block that a mask picks, as rejects; one reason for each picked row."""
    rows = block.frame[refused]
    texts = [row_text(values) for values in rows.itertuples(index=False, name=None)]
    return Rejects.of(block.file, rows.index.tolist(), reasons, texts)


def row_text(values: Iterable[object]) -> str:
    """The values as one CSV row; absent ones are empty."""
    out = io.StringIO()
    # Only with this line end does the writer quote both kinds of line end.
    csv.writer(out, lineterminator="\r\n").writerow(
        "" if not isinstance(value, list) and pd.isna(value) else value  # type: ignore[call-overload]
        for value in values
    )
    return out.getvalue().removesuffix("\r\n")


def join_rejects(parts: Sequence[Rejects]) -> Rejects:
    """All of these rejects, in order of lines."""
    filled = [part.frame for part in parts if len(part)]
    if not filled:
        return Rejects()
    joined = pd.concat(filled, ignore_index=True)
    return Rejects(joined.sort_values("line", kind="stable", ignore_index=True))
