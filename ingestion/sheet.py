"""A block being cleaned: typed column by column, each row refused for the first rule it breaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from ingestion.blocks import Block, BoolArray, Rejects, Spelling, join_rejects, refuse
from ingestion.money import without_currency
from ingestion.values import parse_flags, parse_numbers, parse_times, parse_whole, trim

#: The longest key in characters: at four bytes each, still half of what an index takes.
LONGEST_KEY: Final = 1000


@dataclass(frozen=True)
class Cleaned:
    """Typed rows of one table, each with its ``line``, and the rows refused on the way."""

    table: str
    frame: pd.DataFrame
    rejects: Rejects


class Sheet:
    """Takes a block's columns in the order of the rules; a column that is absent is skipped."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.columns: dict[str, object] = {}
        self._reasons = np.full(len(block.frame), None, dtype=object)

    def has(self, name: str) -> bool:
        """Whether the source has this column."""
        return name in self.block.frame

    def spelling(self, name: str) -> Spelling:
        """How the source writes a column."""
        return self.block.spelling.get(name, Spelling())

    def refuse(self, broken: BoolArray, reason: str) -> None:
        """Refuse the rows of the mask that are not refused already."""
        self._reasons[broken & pd.isna(self._reasons)] = reason

    def raw(self, name: str) -> pd.Series:
        """The trimmed text of a column; all NaN if the source lacks it."""
        if self.has(name):
            return trim(self.block.frame[name])
        return pd.Series(np.nan, index=self.block.frame.index, dtype="str")

    def key(self, name: str, *, required: bool = False) -> None:
        """An id or another text that the graph looks up."""
        if not (required or self.has(name)):
            return
        text = self.raw(name)
        if required:
            self.refuse(text.isna().to_numpy(bool), f"missing-{name}")
        self.refuse((text.str.len() > LONGEST_KEY).to_numpy(bool), f"overlong-{name}")
        self.columns[name] = text

    def text(self, name: str) -> None:
        """Free text."""
        if self.has(name):
            self.columns[name] = self.raw(name)

    def time(self, name: str) -> None:
        """A point in time; refused as bad-time."""
        if self.has(name):
            spelling = self.spelling(name)
            self.columns[name], bad = parse_times(self.raw(name), spelling.dates, spelling.zone)
            self.refuse(bad, "bad-time")

    def number(self, name: str, least: float = -np.inf) -> None:
        """A finite number, at least ``least``; refused as bad-NAME."""
        if self.has(name):
            values, bad = parse_numbers(self.raw(name), self.spelling(name).decimal)
            self.refuse(bad | (values < least), f"bad-{name}")
            self.columns[name] = values

    def money(self, name: str) -> None:
        """An amount from 0, refused as bad-NAME; its currency, if told, in a column of its own."""
        if self.has(name):
            text, currency = without_currency(self.raw(name))
            values, bad = parse_numbers(text, self.spelling(name).decimal)
            self.refuse(bad | (values < 0), f"bad-{name}")
            self.columns[name] = values
            if currency.notna().any():
                self.columns["currency"] = self.raw("currency").fillna(currency)

    def whole(self, name: str, least: float = -np.inf) -> None:
        """A whole number, at least ``least``; refused as bad-NAME."""
        if self.has(name):
            values, bad = parse_whole(self.raw(name), self.spelling(name).decimal)
            self.refuse(bad | (values < least), f"bad-{name}")
            self.columns[name] = pd.array(values, dtype="Float64").astype("Int64")

    def flag(self, name: str) -> None:
        """Yes or no, nothing being no; refused as bad-NAME."""
        if self.has(name):
            self.columns[name], bad = parse_flags(self.raw(name))
            self.refuse(bad, f"bad-{name}")

    def extras(self, known: tuple[str, ...]) -> None:
        """Every other column as trimmed text; lists stay lists, and typed columns typed."""
        for name, values in self.block.frame.items():
            if name not in (*known, *self.columns):
                # ``line`` is where a row stands; an order's own line number keeps its values.
                label = "line_" if name == "line" else str(name)
                is_text = isinstance(values.dtype, pd.StringDtype)
                self.columns[label] = trim(values) if is_text else values

    def done(self) -> Cleaned:
        """The rows that broke no rule, and the others as rejects."""
        frame = pd.DataFrame(self.columns, index=self.block.frame.index)
        frame["line"] = frame.index.to_numpy(dtype=np.int64)
        refused = np.asarray(pd.notna(self._reasons), dtype=bool)
        rejects = refuse(self.block, refused, self._reasons[refused].tolist())
        return Cleaned(
            table=self.block.table,
            frame=frame[~refused].reset_index(drop=True),
            rejects=join_rejects([self.block.rejects, rejects]),
        )
