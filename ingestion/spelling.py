"""How a source writes times and numbers, decided by whole columns and never row by row.

The contract's own way is ISO 8601 and plain decimals: a column that holds nothing else is read so.
Otherwise the column's cells are searched for proofs, values that can mean one thing alone:
13/02/2020 is day-first, 2/13/2020 month-first, 1.234,5 has a decimal comma, 1,234.5 a decimal
point. One kind of proof decides the column; a column without any takes what the other columns of
its file prove. Without proof, or with proofs of both kinds, the contract's way holds and what it
does not cover is refused. What a person declares comes before all proofs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Final, TypeVar

import pandas as pd

from ingestion.blocks import BLOCK_ROWS, Dates, Decimal, Spelling
from ingestion.money import without_currency
from ingestion.values import NUMBER, TIME, trim

Read = TypeVar("Read", bound=tuple[pd.DataFrame, object])


@dataclass(frozen=True)
class Declared:
    """What a person says of a source; None is left to the proofs."""

    dates: Dates | None = None
    decimal: Decimal | None = None
    zone: str = "UTC"


UNDECLARED: Final = Declared()

_GROUP: Final = r"[ \u00a0\u202f'’]"
_POINT: Final = (
    rf"[+-]?(?:[0-9]{{1,3}}(?:,[0-9]{{3}})+\.[0-9]+|[0-9]{{1,3}}(?:,[0-9]{{3}}){{2,}}"
    rf"|[0-9]{{1,3}}(?:{_GROUP}[0-9]{{3}})+\.[0-9]+|[0-9]*\.(?:[0-9]{{1,2}}|[0-9]{{4,}})"
    rf"|(?:0|[0-9]{{4,}})\.[0-9]{{3}})"
)
_SWAPPED: Final = str.maketrans({",": ".", ".": ","})
_YEAR_FIRST: Final = r"[0-9]{4}[/.-].*"
_SECONDS: Final = r"[0-9]{9,13}(?:\.[0-9]*)?"


def spelled(
    blocks: Iterator[Read],
    again: Iterable[tuple[pd.DataFrame, object]],
    times: Sequence[str],
    numbers: Sequence[str],
    declared: Declared = UNDECLARED,
) -> tuple[dict[str, Spelling], Iterator[Read]]:
    """How each of these columns is written, and all the blocks.

    The first ``BLOCK_ROWS`` rows tell whether a column departs from the contract's way; only then
    is the whole file read, through ``again``, for proofs.
    """
    head: list[Read] = []
    rows = 0
    for block in blocks:
        head.append(block)
        rows += len(block[0])
        if rows >= BLOCK_ROWS:
            break
    evidence = _Evidence(times, numbers)
    for frame, _ in head:
        evidence.add(frame)
    if evidence.foreign and not (declared.dates and declared.decimal):
        evidence = _Evidence(times, numbers)
        for frame, _ in again:
            evidence.add(frame)
    return evidence.decide(declared), chain(head, blocks)


class _Evidence:
    """What the cells of a file's columns prove, with a cell for each proof."""

    def __init__(self, times: Sequence[str], numbers: Sequence[str]) -> None:
        self._proofs: dict[str, dict[str, str]] = {name: {} for name in (*times, *numbers)}
        self._times, self._numbers = times, numbers

    @property
    def foreign(self) -> bool:
        """Whether any cell departs from the contract's way."""
        return any("foreign" in found for found in self._proofs.values())

    def add(self, frame: pd.DataFrame) -> None:
        for name in self._times:
            if name in frame:
                self._add_times(name, trim(frame[name]).dropna())
        for name in self._numbers:
            if name in frame:
                text, _ = without_currency(trim(frame[name]).dropna())
                self._add_numbers(name, text)

    def _add_times(self, name: str, text: pd.Series) -> None:
        foreign = text[~text.str.fullmatch(TIME)]
        if not len(foreign):
            self._note(name, "iso", text)
            return
        self._note(name, "iso", text[text.str.fullmatch(TIME)])
        self._note(name, "foreign", foreign)
        self._note(name, "epoch", foreign[foreign.str.fullmatch(_SECONDS)])
        self._note(name, "not-epoch", foreign[~foreign.str.fullmatch(_SECONDS)])
        self._note(name, "year-first", foreign[foreign.str.fullmatch(_YEAR_FIRST)])
        parts = foreign.str.extract(r"^([0-9]{1,2})([/.-])([0-9]{1,2})\2[0-9]{4}(?![0-9])").dropna()
        first, second = parts[0].astype(int), parts[2].astype(int)
        self._note(name, "day-first", foreign[parts.index[(first > 12) & (second <= 12)]])
        self._note(name, "month-first", foreign[parts.index[(second > 12) & (first <= 12)]])
        self._note(name, "either", foreign[parts.index[(first <= 12) & (second <= 12)]])

    def _add_numbers(self, name: str, text: pd.Series) -> None:
        foreign = text[~text.str.fullmatch(NUMBER)]
        self._note(name, "foreign", foreign)
        self._note(name, "point", text[text.str.fullmatch(_POINT)])
        self._note(name, "comma", foreign[foreign.str.translate(_SWAPPED).str.fullmatch(_POINT)])

    def _note(self, name: str, what: str, cells: pd.Series) -> None:
        if len(cells):
            self._proofs[name].setdefault(what, str(cells.iloc[0]))

    def decide(self, declared: Declared) -> dict[str, Spelling]:
        """The spelling of every column that departs from the contract's way, or was declared."""
        decided = {name: self._times_of(name, declared) for name in self._times}
        decided |= {name: self._numbers_of(name, declared) for name in self._numbers}
        return {name: spelling for name, spelling in decided.items() if spelling != Spelling()}

    def _times_of(self, name: str, declared: Declared) -> Spelling:
        told = Spelling(zone=declared.zone)
        if declared.dates:
            return replace(told, dates=declared.dates, why="declared")
        own = self._proofs[name]
        if "foreign" not in own:
            return told
        if "epoch" in own and not {"iso", "not-epoch"} & own.keys():
            return replace(
                told, dates="epoch", why=f"every cell is a number such as {own['epoch']}"
            )
        order, why = self._decided(name, ("day-first", "month-first"), self._times, "--dates")
        if order == "day-first":
            return replace(told, dates="day-first", why=why)
        if order == "month-first":
            return replace(told, dates="month-first", why=why)
        return replace(told, dates="year-first" if "year-first" in own else "iso", why=why)

    def _numbers_of(self, name: str, declared: Declared) -> Spelling:
        if declared.decimal:
            return Spelling(decimal=declared.decimal, why="declared")
        # 1.000 is plain, and a thousand where the file's other columns have decimal commas.
        if not any("foreign" in self._proofs[column] for column in self._numbers):
            return Spelling()
        mark, why = self._decided(name, ("comma", "point"), self._numbers, "--decimal")
        if mark == "comma":
            return Spelling(decimal="comma", why=why)
        if mark == "point":
            return Spelling(decimal="point", why=why)
        return Spelling(why=why) if "foreign" in self._proofs[name] else Spelling()

    def _decided(
        self, name: str, kinds: tuple[str, str], columns: Sequence[str], option: str
    ) -> tuple[str | None, str]:
        """Which of two kinds a column's own proofs, else those of its file, leave standing."""
        own = self._proofs[name]
        for column in (name, *columns):
            standing = [kind for kind in kinds if kind in self._proofs[column]]
            if len(standing) == 1:
                cell = self._proofs[column][standing[0]]
                return standing[0], f"{cell!r}" + (f" in {column}" if column != name else "")
            if standing and column == name:
                cells = " and ".join(repr(own[kind]) for kind in kinds)
                return None, f"{cells} stand side by side: say which with {option}"
        example = own.get("either") or own.get("foreign", "")
        return None, f"nothing tells how {example!r} is meant: say it with {option}"
