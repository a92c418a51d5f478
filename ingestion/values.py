"""Raw text to typed values, a whole column at a time.

Every parser takes trimmed text, NaN where there is none, and returns the values with a mask of the
rows whose text is there and means nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ingestion.blocks import BoolArray

FloatArray = npt.NDArray[np.float64]

NUMBER: Final = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"

#: ISO 8601: a date, or a date with a time, and then perhaps a zone.
TIME: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
FIRST_TIME: Final = pd.Timestamp("1900-01-01", tz="UTC")
END_OF_TIME: Final = pd.Timestamp("2200-01-01", tz="UTC")

#: Whole numbers beyond are not exact in a float.
LARGEST_WHOLE: Final = 2.0**53

FLAGS: Final = {
    "1": True, "1.0": True, "true": True, "yes": True,
    "0": False, "0.0": False, "false": False, "no": False,
}  # fmt: skip


def trim(raw: pd.Series) -> pd.Series:
    """The text without white space at its ends; NaN where nothing is left."""
    text = raw.astype("str").str.strip()
    return text.mask(text == "")


def parse_numbers(text: pd.Series) -> tuple[FloatArray, BoolArray]:
    """Finite plain decimals, without thousands marks."""
    plain = text.str.fullmatch(NUMBER, na=False).to_numpy(bool)
    # float() is exact to the last bit, unlike some vectorised parsers.
    values = text.where(plain).to_numpy(dtype=object, na_value=np.nan).astype(np.float64)
    values[np.isinf(values)] = np.nan
    values += 0.0  # -0 becomes 0: they are equal, and so must be whatever is made of them
    return values, text.notna().to_numpy(bool) & np.isnan(values)


def parse_whole(text: pd.Series) -> tuple[FloatArray, BoolArray]:
    """Whole numbers, also where they are printed as 3.0."""
    values, bad = parse_numbers(text)
    with np.errstate(invalid="ignore"):
        broken = (np.floor(values) != values) | (np.abs(values) > LARGEST_WHOLE)
    broken &= ~np.isnan(values)
    values[broken] = np.nan
    return values, bad | broken


def parse_times(text: pd.Series) -> tuple[pd.Series, BoolArray]:
    """Times of ISO 8601 as UTC to the microsecond; without a zone they are UTC already.

    A date alone is its midnight. Before 1900 or from 2200 on nothing is taken.
    """
    plain = text.where(text.str.fullmatch(TIME, na=False))
    times = pd.to_datetime(plain, format="ISO8601", utc=True, errors="coerce").dt.as_unit("us")
    times = times.where((times >= FIRST_TIME) & (times < END_OF_TIME))
    return times, (text.notna() & times.isna()).to_numpy(bool)


def parse_flags(text: pd.Series) -> tuple[BoolArray, BoolArray]:
    """Yes (1, true, yes) or no (0, false, no, nothing), regardless of letter case."""
    found = text.str.lower().map(FLAGS)
    return (found == True).to_numpy(bool), (text.notna() & found.isna()).to_numpy(bool)  # noqa: E712
