from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.values import parse_flags, parse_numbers, parse_times, parse_whole, trim


def series(*texts: str) -> pd.Series:
    return trim(pd.Series(texts, dtype="str"))


def test_text_is_trimmed_and_nothing_is_absent() -> None:
    assert series(" x ", "", " \t", "\u00a0y").fillna("-").tolist() == ["x", "-", "-", "y"]


def test_numbers_are_plain_finite_decimals() -> None:
    good = ["1", "-2.5", "+3", ".5", "5.", "1e3", "-0"]
    refused = ["nan", "inf", "1e999", "1,000", "1_000", "0x10", "١", "1 2", "--1", "."]
    values, bad = parse_numbers(series(*good, *refused, ""))
    assert values[:7].tolist() == [1.0, -2.5, 3.0, 0.5, 5.0, 1000.0, 0.0]
    assert not np.signbit(values[6])
    assert np.isnan(values[7:]).all()
    assert bad.tolist() == [False] * 7 + [True] * 10 + [False]


def test_whole_numbers_may_be_printed_as_floats() -> None:
    values, bad = parse_whole(series("3", "3.0", "-4", "1e3", "2.5", "1e16", ""))
    assert values[:4].tolist() == [3.0, 3.0, -4.0, 1000.0]
    assert bad.tolist() == [False] * 4 + [True] * 2 + [False]


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2010-12-01", datetime(2010, 12, 1, tzinfo=UTC)),
        ("2010-12-01 08:26:00", datetime(2010, 12, 1, 8, 26, tzinfo=UTC)),
        ("2010-12-01T08:26", datetime(2010, 12, 1, 8, 26, tzinfo=UTC)),
        ("2010-12-01T08:26Z", datetime(2010, 12, 1, 8, 26, tzinfo=UTC)),
        ("2010-12-01T08:26:00+01:00", datetime(2010, 12, 1, 7, 26, tzinfo=UTC)),
        ("2010-12-01 08:26:00-0530", datetime(2010, 12, 1, 13, 56, tzinfo=UTC)),
        ("2010-12-01 08:26:00.5+00", datetime(2010, 12, 1, 8, 26, 0, 500_000, tzinfo=UTC)),
        ("2010-12-01T08:26:00.123456789", datetime(2010, 12, 1, 8, 26, 0, 123_456, tzinfo=UTC)),
        ("1900-01-01", datetime(1900, 1, 1, tzinfo=UTC)),
        ("2199-12-31T23:59:59", datetime(2199, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_iso_times_are_utc_to_the_microsecond(text: str, utc: datetime) -> None:
    # The neighbours must not change how a time is read.
    times, bad = parse_times(
        series("2010-12-01", text, "2011-01-01T00:00:00.000000001", "9999-01-01")
    )
    assert times.dtype == "datetime64[us, UTC]"
    assert times[1] == utc
    assert bad.tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    "text",
    ["x", "2010", "2010-12", "20101201", "1291190400", "2010-13-01", "2010-02-30", "01/12/2010",
     "2010-12-01T24:00", "2010-12-01T08:26:60", "2010-12-01T8:26", "1899-12-31T23:59", "0001-01-01",
     "2200-01-01", "1900-01-01T00:00+01:00", "now", "NaT",
     "2010-12-01T08:26+99:99", "2010-12-01T08:26-24:00"],
)  # fmt: skip
def test_other_times_are_bad(text: str) -> None:
    times, bad = parse_times(series(text, ""))
    assert times.isna().all()
    assert bad.tolist() == [True, False]


@settings(deadline=None)
@given(
    st.datetimes(
        datetime(1900, 1, 2),
        datetime(2199, 12, 30),
        timezones=st.integers(-840, 840).map(lambda m: timezone(timedelta(minutes=m))),
    )
)
def test_every_time_that_python_writes_is_read_exactly(time: datetime) -> None:
    times, bad = parse_times(series(time.isoformat()))
    assert times[0] == time
    assert not bad[0]


def test_flags_are_yes_no_or_bad() -> None:
    values, bad = parse_flags(series("1", "TRUE", "Yes", "1.0", "0", "no", "false", "", "maybe"))
    assert values.tolist() == [True] * 4 + [False] * 5
    assert bad.tolist() == [False] * 8 + [True]


def test_empty_columns_stay_typed() -> None:
    assert parse_times(series())[0].dtype == "datetime64[us, UTC]"
    assert parse_times(series("", ""))[0].dtype == "datetime64[us, UTC]"
    assert parse_numbers(series())[0].tolist() == []
    assert parse_flags(series())[0].tolist() == []
