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

#: Marks between groups of three digits that no decimal mark can be taken for.
GROUP: Final = r" \u00a0\u202f'’"

NUMBER: Final = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"

#: ISO 8601: a date, or a date with a time, and then perhaps a zone.
TIME: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)
#: A date as people write it: both orders of day and month, and the year first.
DAY_AND_MONTH: Final = r"^([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4})(?=$|[T ,])(.*)$"
YEAR_FIRST: Final = r"^([0-9]{4})([/.-])([0-9]{1,2})\2([0-9]{1,2})(?=$|[T ,])(.*)$"
CLOCK: Final = (
    r"^,?[T ]?\s*([0-9]{1,2}):([0-9]{2})((?::[0-9]{2}(?:\.[0-9]{1,9})?)?)"
    r"\s*([aApP][mM])?\s*(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?$"
)
ZONED: Final = r".*[0-9](?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)"
FIRST_TIME: Final = pd.Timestamp("1900-01-01", tz="UTC")
END_OF_TIME: Final = pd.Timestamp("2200-01-01", tz="UTC")

#: Numbers from here on are milliseconds since 1970, below it seconds.
MILLISECONDS_FROM: Final = 1e11
LAST_SECOND: Final = 1e10

#: The hours that come before am and pm.
HALF_DAY: Final = tuple(str(hour) for hour in range(1, 13))

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


def parse_numbers(text: pd.Series, decimal: str = "plain") -> tuple[FloatArray, BoolArray]:
    """Finite plain decimals; with ``point`` or ``comma``, also grouped by thousands."""
    given = text.notna().to_numpy(bool)
    if decimal != "plain":
        text = _plain(text, decimal)
    plain = text.str.fullmatch(NUMBER, na=False).to_numpy(bool)
    # float() is exact to the last bit, unlike some vectorised parsers.
    values = text.where(plain).to_numpy(dtype=object, na_value=np.nan).astype(np.float64)
    values[np.isinf(values)] = np.nan
    values += 0.0  # -0 becomes 0: they are equal, and so must be whatever is made of them
    return values, given & np.isnan(values)


def _plain(text: pd.Series, decimal: str) -> pd.Series:
    """Numbers of that decimal mark as plain decimals; NaN where they are none."""
    mark, other = (",", ".") if decimal == "comma" else (".", ",")
    grouped = rf"[+-]?[0-9]{{1,3}}([{other}{GROUP}])[0-9]{{3}}(?:\1[0-9]{{3}})*(?:\{mark}[0-9]*)?"
    groups = text.str.fullmatch(grouped, na=False)
    plain = rf"[+-]?(?:[0-9]+\{mark}?[0-9]*|\{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?"
    text = text.where(groups | text.str.fullmatch(plain, na=False))
    return text.str.replace(rf"[{other}{GROUP}]", "", regex=True).str.replace(mark, ".")


def parse_whole(text: pd.Series, decimal: str = "plain") -> tuple[FloatArray, BoolArray]:
    """Whole numbers, also where they are printed as 3.0."""
    values, bad = parse_numbers(text, decimal)
    with np.errstate(invalid="ignore"):
        broken = (np.floor(values) != values) | (np.abs(values) > LARGEST_WHOLE)
    broken &= ~np.isnan(values)
    values[broken] = np.nan
    return values, bad | broken


def parse_times(
    text: pd.Series, dates: str = "iso", zone: str = "UTC"
) -> tuple[pd.Series, BoolArray]:
    """Times as UTC to the microsecond; without a zone of their own they are of ``zone``.

    A date alone is its midnight. Before 1900 or from 2200 on nothing is taken. ``dates`` is iso
    (ISO 8601 and nothing else), epoch, or year-first, day-first or month-first, which take ISO too.
    Of the two readings of an hour that clocks repeat the first holds; one they skip is bad.
    """
    if dates == "epoch":
        times = _epoch(text)
    else:
        iso = text if dates == "iso" else _as_iso(text, dates)
        plain = iso.where(iso.str.fullmatch(TIME, na=False))
        times = pd.to_datetime(plain, format="ISO8601", utc=True, errors="coerce").dt.as_unit("us")
        if zone != "UTC":
            wall = times.where(~plain.str.fullmatch(ZONED, na=False)).dt.tz_localize(None)
            first = np.ones(len(wall), dtype=bool)
            local = wall.dt.tz_localize(zone, ambiguous=first, nonexistent="NaT")
            times = times.where(wall.isna(), local.dt.tz_convert("UTC"))
    times = times.where((times >= FIRST_TIME) & (times < END_OF_TIME))
    return times, (text.notna() & times.isna()).to_numpy(bool)


def _epoch(text: pd.Series) -> pd.Series:
    """Seconds since 1970; from 10^11 on (March 1973; as seconds, the year 5138) milliseconds."""
    values, _ = parse_numbers(text)
    seconds = np.where(np.abs(values) >= MILLISECONDS_FROM, values / 1000, values)
    with np.errstate(invalid="ignore"):
        seconds[~(np.abs(seconds) < LAST_SECOND)] = np.nan
    known = ~np.isnan(seconds)
    microseconds = np.round(np.where(known, seconds, 0) * 1e6).astype(np.int64)
    times = pd.Series(microseconds.astype("datetime64[us]"), index=text.index).dt.tz_localize("UTC")
    return times.where(known)


def _as_iso(text: pd.Series, dates: str) -> pd.Series:
    """Dates as people write them as ISO 8601; what is none stays as it is."""
    foreign = text[~text.str.fullmatch(TIME, na=True)]
    parts = foreign.str.extract(YEAR_FIRST)
    date = _joined(parts[0], parts[2], parts[3])
    rest = parts[4]
    if dates != "year-first":
        day, month = (0, 2) if dates == "day-first" else (2, 0)
        parts = foreign.str.extract(DAY_AND_MONTH)
        date = date.fillna(_joined(parts[3], parts[month], parts[day]))
        rest = rest.fillna(parts[4])
    clock = rest.str.extract(CLOCK)
    hour = clock[0].astype("Float64").astype("Int64")
    half = clock[3].str.upper()
    by_halves = half.notna()
    hour = hour.where(~by_halves, hour % 12 + (half == "PM").astype("Int64") * 12)
    hour = hour.where(~by_halves | clock[0].str.lstrip("0").isin(HALF_DAY))
    time = "T" + hour.astype("str").str.zfill(2) + ":" + clock[1] + clock[2].fillna("")
    iso = (date + time + clock[4].fillna("")).where(rest != "", date)
    return text.where(~text.index.isin(foreign.index), iso.fillna(foreign).reindex(text.index))


def _joined(year: pd.Series, month: pd.Series, day: pd.Series) -> pd.Series:
    return year + "-" + month.str.zfill(2) + "-" + day.str.zfill(2)


def parse_flags(text: pd.Series) -> tuple[BoolArray, BoolArray]:
    """Yes (1, true, yes) or no (0, false, no, nothing), regardless of letter case."""
    found = text.str.lower().map(FLAGS)
    return (found == True).to_numpy(bool), (text.notna() & found.isna()).to_numpy(bool)  # noqa: E712
