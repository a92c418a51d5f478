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


@pytest.mark.parametrize(
    ("decimal", "texts", "expected"),
    [
        (
            "point",
            [
                "12.99",
                "1,234.5",
                "1,234,567",
                "1 234.5",
                "1'234",
                "1\u202f234.50",
                ".5",
                "1e3",
                "-1,234",
            ],
            [12.99, 1234.5, 1234567, 1234.5, 1234, 1234.5, 0.5, 1000, -1234],
        ),
        (
            "comma",
            [
                "12,99",
                "1.234,5",
                "1.234.567",
                "1 234,5",
                "1'234",
                "1\u00a0234,50",
                ",5",
                "1.234",
                "+2",
            ],
            [12.99, 1234.5, 1234567, 1234.5, 1234, 1234.5, 0.5, 1234, 2],
        ),
    ],
)
def test_grouped_numbers_have_one_mark_between_groups_of_three(
    decimal: str, texts: list[str], expected: list[float]
) -> None:
    values, bad = parse_numbers(series(*texts), decimal)
    assert values.tolist() == expected
    assert not bad.any()


@pytest.mark.parametrize(
    "text", ["1,23,456", "12,34", "1,234 567", "1.234,5", "1,2345", "1 2", ","]
)
def test_groups_of_another_length_or_mixed_marks_are_no_number(text: str) -> None:
    for decimal, cell in (("point", text), ("comma", text.translate(str.maketrans(",.", ".,")))):
        values, bad = parse_numbers(series(cell, "1"), decimal)
        assert np.isnan(values[0])
        assert bad.tolist() == [True, False]


@settings(deadline=None)
@given(
    st.integers(-(10**12), 10**12), st.integers(0, 99), st.sampled_from([",", " ", "'", "\u00a0"])
)
def test_every_grouped_amount_is_read_exactly(whole: int, cents: int, mark: str) -> None:
    point = f"{whole:,}".replace(",", mark) + f".{cents:02}"
    expected = float(f"{whole}.{cents:02}")
    assert parse_numbers(series(point), "point")[0].tolist() == [expected]
    comma = point.translate(str.maketrans(",.", ".,"))
    assert parse_numbers(series(comma), "comma")[0].tolist() == [expected]


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


@pytest.mark.parametrize(
    ("dates", "text", "utc"),
    [
        ("day-first", "13/02/2020", datetime(2020, 2, 13, tzinfo=UTC)),
        ("day-first", "1.2.2020 8:26", datetime(2020, 2, 1, 8, 26, tzinfo=UTC)),
        ("day-first", "01-02-2020T08:26:01.5+01:00", datetime(2020, 2, 1, 7, 26, 1, 500_000, UTC)),
        ("day-first", "2020-02-01", datetime(2020, 2, 1, tzinfo=UTC)),
        ("month-first", "2/13/2020 12:05 AM", datetime(2020, 2, 13, 0, 5, tzinfo=UTC)),
        ("month-first", "02/01/2020, 12:05:09 pm", datetime(2020, 2, 1, 12, 5, 9, tzinfo=UTC)),
        ("month-first", "02/01/2020 1:05PM", datetime(2020, 2, 1, 13, 5, tzinfo=UTC)),
        ("year-first", "2020/2/1 08:26", datetime(2020, 2, 1, 8, 26, tzinfo=UTC)),
        ("epoch", "1252800000", datetime(2009, 9, 13, tzinfo=UTC)),
        ("epoch", "1588615855070", datetime(2020, 5, 4, 18, 10, 55, 70_000, UTC)),
        ("epoch", "1252800000.25", datetime(2009, 9, 13, 0, 0, 0, 250_000, UTC)),
        ("epoch", "-86400", datetime(1969, 12, 31, tzinfo=UTC)),
    ],
)
def test_declared_dates_are_read_to_the_microsecond(dates: str, text: str, utc: datetime) -> None:
    times, bad = parse_times(series("", text), dates)
    assert times[1] == utc
    assert bad.tolist() == [False, False]


@pytest.mark.parametrize(
    ("dates", "text"),
    [
        ("day-first", "02/13/2020"),
        ("day-first", "30/02/2020"),
        ("day-first", "13/02/20"),
        ("day-first", "13/02-2020"),
        ("day-first", "13/02/2020 13:00 PM"),
        ("day-first", "13/02/2020 0:00 AM"),
        ("day-first", "13/02/20208:26"),
        ("month-first", "13/02/2020"),
        ("year-first", "01/02/2020"),
        ("epoch", "2020-01-01"),
        ("epoch", "1e300"),
        ("epoch", "99999999999999999"),
    ],
)
def test_what_is_not_written_as_declared_is_bad(dates: str, text: str) -> None:
    times, bad = parse_times(series(text, ""), dates)
    assert times.isna().all()
    assert bad.tolist() == [True, False]


def test_times_without_a_zone_are_of_the_declared_one() -> None:
    times, bad = parse_times(
        series("2020-06-01 12:00", "2020-06-01 12:00Z", "2020-01-01", "2020-10-25 01:30",
               "2020-03-29 01:30", ""),
        zone="Europe/London",
    )  # fmt: skip
    assert times[:4].tolist() == [
        datetime(2020, 6, 1, 11, tzinfo=UTC),
        datetime(2020, 6, 1, 12, tzinfo=UTC),
        datetime(2020, 1, 1, tzinfo=UTC),
        datetime(2020, 10, 25, 0, 30, tzinfo=UTC),  # the first of the two half past ones
    ]
    assert bad.tolist() == [False, False, False, False, True, False]  # clocks skip that hour


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
    for dates in ("day-first", "month-first", "year-first", "epoch"):
        assert parse_times(series(), dates)[0].dtype == "datetime64[us, UTC]"
        assert parse_times(series("", ""), dates, "Asia/Tokyo")[0].dtype == "datetime64[us, UTC]"
    assert parse_numbers(series())[0].tolist() == []
    assert parse_flags(series())[0].tolist() == []
