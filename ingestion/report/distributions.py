"""Distributions gathered block by block, in memory that rows do not enlarge."""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ingestion.values import FloatArray

DAY_MICROSECONDS: Final = 86_400_000_000

#: Edges of the bins of amounts: eight to a factor of ten, from a hundredth to ten million.
EDGES: Final[FloatArray] = 10.0 ** (np.arange(-16, 57) / 8)


class Amounts:
    """How large some numbers are: exact ends, mean and count, and a histogram of even ratios."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0.0
        self._least, self._most = np.inf, -np.inf
        # One bin before the edges, for 0 and less than the first of them, and one behind.
        self._bins = np.zeros(len(EDGES) + 1, dtype=np.int64)

    def add(self, values: FloatArray) -> None:
        """Count these; absent ones are not counted."""
        values = values[~np.isnan(values)]
        if len(values):
            self.count += len(values)
            self._sum += float(values.sum())
            self._least = min(self._least, float(values.min()))
            self._most = max(self._most, float(values.max()))
            places = np.searchsorted(EDGES, values, side="right")
            self._bins += np.bincount(places, minlength=len(self._bins))

    def merge(self, other: Amounts) -> None:
        """Count what another has counted."""
        self.count += other.count
        self._sum += other._sum
        self._least, self._most = min(self._least, other._least), max(self._most, other._most)
        self._bins += other._bins

    def told(self) -> dict[str, Any] | None:
        """The figures; None if nothing was counted. Quartiles are exact to a third."""
        if not self.count:
            return None
        return {
            "count": self.count,
            "least": self._least,
            "most": self._most,
            "mean": self._sum / self.count,
            "quartiles": [self._quantile(q) for q in (0.25, 0.5, 0.75)],
            "bins": trimmed(self._bins),
        }

    def _quantile(self, q: float) -> float:
        reached = np.cumsum(self._bins)
        place = int(np.searchsorted(reached, q * reached[-1]))
        if place == 0:
            return max(self._least, 0.0)
        upper = EDGES[place] if place < len(EDGES) else self._most
        return float(np.clip(np.sqrt(EDGES[place - 1] * upper), self._least, self._most))


def trimmed(bins: npt.NDArray[np.int64]) -> dict[str, int]:
    """The bins that hold something, by their number."""
    return {str(place): int(bins[place]) for place in np.flatnonzero(bins)}


def bin_start(place: int) -> float:
    """The least number of a bin of amounts."""
    return float(EDGES[place - 1]) if place else 0.0


class Moments:
    """When events happened: how many a day of each kind, and a week's hours."""

    def __init__(self) -> None:
        self._days: dict[str, Counter[int]] = {}
        self._week = np.zeros(7 * 24, dtype=np.int64)
        self.first: int | None = None
        self.last: int | None = None

    def add(self, kind: str, times: pd.Series) -> None:
        """Count events of one kind; those without a time are left out."""
        known = times.dropna().dt.as_unit("us").astype("int64").to_numpy()
        if not len(known):
            return
        days, counts = np.unique(known // DAY_MICROSECONDS, return_counts=True)
        tally = self._days.setdefault(kind, Counter())
        tally.update(dict(zip(days.tolist(), counts.tolist(), strict=True)))
        hours = known // (DAY_MICROSECONDS // 24)
        # The first of January 1970 was a Thursday, the fourth day of a week.
        self._week += np.bincount((hours + 3 * 24) % (7 * 24), minlength=7 * 24)
        first, last = int(known.min()), int(known.max())
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)

    def merge(self, other: Moments) -> None:
        """Count what another has counted."""
        for kind, tally in other._days.items():
            self._days.setdefault(kind, Counter()).update(tally)
        self._week += other._week
        if other.first is not None and other.last is not None:
            self.first = other.first if self.first is None else min(self.first, other.first)
            self.last = other.last if self.last is None else max(self.last, other.last)

    def told(self) -> dict[str, Any] | None:
        """Days as ISO 8601 with the counts of each kind; None if no event has a time."""
        if self.first is None or self.last is None:
            return None
        days = sorted(set().union(*self._days.values()))
        gaps = np.diff(days)
        longest = int(gaps.argmax()) if len(gaps) else 0
        return {
            "first": _moment(self.first),
            "last": _moment(self.last),
            "days": len(days),
            "span_days": days[-1] - days[0] + 1,
            "longest_gap": {
                "days": int(gaps[longest]) - 1,
                "after": _day(days[longest]),
            }
            if len(gaps) and gaps[longest] > 1
            else None,
            "per_day": {
                kind: {_day(day): tally[day] for day in sorted(tally)}
                for kind, tally in sorted(self._days.items())
            },
            "week": self._week.reshape(7, 24).tolist(),
        }


def _moment(microseconds: int) -> str:
    return pd.Timestamp(microseconds, unit="us", tz="UTC").isoformat()


def _day(day: int) -> str:
    return str(np.datetime64(day, "D"))
