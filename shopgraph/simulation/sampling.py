"""Draws and times that the simulated shop's parts share."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

#: The simulated months; days are counted from the first moment, as fractions.
START: Final = np.datetime64("2025-01-01T00:00:00", "s")
END: Final = np.datetime64("2025-09-30T23:59:59", "s")
DAYS: Final = 273

#: How busy each hour of the day is, UTC.
_HOURS: Final = np.array(
    [1, 1, 1, 1, 1, 2, 3, 5, 7, 8, 8, 9, 10, 10, 8, 8, 8, 9, 11, 13, 14, 13, 8, 4], dtype=np.float64
)


def pick_columns(weights: npt.NDArray[np.floating], rng: np.random.Generator) -> IntArray:
    """Draw one column of each row, in proportion to the row's weights.

    Shapes:
        weights: (N, C), no row all zero
        returned: (N,)
    """
    sums = np.cumsum(weights, axis=1, dtype=np.float64)
    thresholds = rng.random(len(weights)) * sums[:, -1]
    columns: IntArray = np.argmax(sums > thresholds[:, None], axis=1)
    return columns


def favourites(
    rng: np.random.Generator, rows: int, columns: int, counts: tuple[int, int]
) -> FloatArray:
    """Mark a few columns of each row as favourites: 1 for those, 0 for the rest.

    Shapes:
        returned: (rows, columns); between ``counts`` ones in a row, ends included
    """
    ranks = rng.random((rows, columns)).argsort(axis=1).argsort(axis=1)
    sizes = rng.integers(counts[0], counts[1] + 1, size=(rows, 1))
    return (ranks < sizes).astype(np.float64)


def at_busy_hours(days: FloatArray) -> FloatArray:
    """Move times within their day towards the busy hours; the order of times stays."""
    shares = np.concatenate([[0.0], np.cumsum(_HOURS)]) / _HOURS.sum()
    whole = np.floor(days)
    return whole + np.interp(days - whole, shares, np.arange(25) / 24)


def season(peaks: list[int | None], strength: float) -> FloatArray:
    """How much each type is wanted on each day beside its yearly mean.

    Shapes:
        returned: (DAYS, len(peaks)), around 1
    """
    middle = np.array([np.nan if p is None else (p - 0.5) * 30.4 for p in peaks])
    waves = np.cos(2 * np.pi * (np.arange(DAYS)[:, None] - middle) / 365)
    wanted: FloatArray = 1 + strength * np.nan_to_num(waves)
    return wanted


def iso_times(seconds: IntArray) -> npt.NDArray[np.object_]:
    """Write seconds since ``START`` as ISO 8601 in UTC."""
    moments = START + seconds.astype("timedelta64[s]")
    return np.datetime_as_string(moments, unit="s", timezone="UTC").astype(object)
