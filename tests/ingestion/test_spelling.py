from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.blocks import Spelling
from ingestion.clean import clean
from ingestion.sources import tables
from ingestion.spelling import Declared, spelled


def decide(declared: Declared | None = None, **columns: list[str]) -> dict[str, Spelling]:
    """What is decided of the time columns ``t…`` and the number columns ``n…``."""
    block = (pd.DataFrame(columns, dtype="str"), None)
    times = [name for name in columns if name.startswith("t")]
    numbers = [name for name in columns if name.startswith("n")]
    spelling, blocks = spelled(iter([block]), [block], times, numbers, declared or Declared())
    assert list(blocks) == [block]
    return spelling


def test_the_contracts_way_needs_no_word() -> None:
    assert decide(t=["2020-01-02", "", "", "", ""], n=["1", "2.5", "1.234", "1e3", ""]) == {}


@pytest.mark.parametrize(
    ("cells", "dates"),
    [
        (["01/02/2020", "13/02/2020"], "day-first"),
        (["01/02/2020", "2/13/2020 8:26"], "month-first"),
        (["1.2.2020", "31.12.2020", "2020-01-01"], "day-first"),
        (["2020/01/02", "2020-01-03"], "year-first"),
        (["1252800000", "1588615855070"], "epoch"),
        (["1252800000", "2020-01-01"], "iso"),
        (["01/02/2020", "03/04/2020"], "iso"),
        (["13/01/2020", "01/13/2020"], "iso"),
        (["yesterday", "2020-01-01"], "iso"),
    ],
)
def test_one_proof_decides_a_column_of_dates(cells: list[str], dates: str) -> None:
    assert decide(t=cells)["t"].dates == dates


@pytest.mark.parametrize(
    ("cells", "decimal"),
    [
        (["12,99", "1.234"], "comma"),
        (["12.99", "1,234"], "point"),
        (["1,234,567"], "point"),
        (["1.234.567"], "comma"),
        (["1.234,500"], "comma"),
        (["1,234.500"], "point"),
        (["0,125"], "comma"),
        (["1234,567"], "comma"),
        (["1 234,5"], "comma"),
        (["1,234", "5"], "plain"),
        (["$1,234", "7"], "plain"),
        (["12,99", "12.99"], "plain"),
        (["free", "1.5"], "point"),
        (["free", "1.500"], "plain"),
    ],
)
def test_one_proof_decides_a_column_of_numbers(cells: list[str], decimal: str) -> None:
    assert decide(n=cells)["n"].decimal == decimal


def test_a_column_without_proof_takes_that_of_its_file() -> None:
    found = decide(n_price=["12,99", "3"], n_quantity=["1.000", "2"], t=["01/02/2020"] * 2)
    assert found["n_quantity"] == Spelling(decimal="comma", why="'12,99' in n_price")
    assert found["t"].why == "nothing tells how '01/02/2020' is meant: say it with --dates"


def test_proofs_of_both_kinds_are_told() -> None:
    assert decide(t=["13/01/2020", "01/13/2020"])["t"].why == (
        "'13/01/2020' and '01/13/2020' stand side by side: say which with --dates"
    )


def test_what_is_declared_comes_before_proofs() -> None:
    declared = Declared(dates="month-first", decimal="comma", zone="Europe/Paris")
    assert decide(declared, t=["13/01/2020"], n=["1.5"]) == {
        "t": Spelling(dates="month-first", zone="Europe/Paris", why="declared"),
        "n": Spelling(decimal="comma", why="declared"),
    }
    assert decide(Declared(zone="Asia/Tokyo"), t=["2020-01-01"]) == {
        "t": Spelling(zone="Asia/Tokyo")
    }


def test_a_table_of_european_spelling_is_read_exactly(tmp_path: Path) -> None:
    (tmp_path / "interactions.csv").write_text(
        "user_id,product_id,occurred_at,price,quantity\n"
        '007,A 1,01/02/2020 08:30,"1.234,50 €",1\n'
        '7,a 1,13/02/2020,"2,00",1.000\n'
        "u,p,2020-03-01T00:00+01:00,3.999,2\n",
        encoding="utf-8",
    )
    blocks = list(tables.read(tmp_path, 1))
    assert len(blocks) > 0
    frame = pd.concat([clean(block).frame for block in blocks])
    assert frame["user_id"].tolist() == ["007", "7", "u"]
    assert frame["product_id"].tolist() == ["A 1", "a 1", "p"]
    assert [time.isoformat() for time in frame["occurred_at"]] == [
        "2020-02-01T08:30:00+00:00",
        "2020-02-13T00:00:00+00:00",
        "2020-02-29T23:00:00+00:00",
    ]
    assert frame["price"].tolist() == [1234.5, 2.0, 3999.0]
    assert frame["quantity"].tolist() == [1.0, 1000.0, 2.0]
    assert frame["currency"].fillna("").tolist() == ["EUR", "", ""]


DATE = st.dates().filter(lambda date: 1900 <= date.year < 2200)


@settings(deadline=None)
@given(st.lists(DATE, min_size=1, max_size=8))
def test_no_date_is_ever_read_as_another(dates: list) -> None:  # type: ignore[type-arg]
    """Whatever the column proves or not: a day-first cell is its day, or refused."""
    cells = [f"{date.day}/{date.month}/{date.year}" for date in dates]
    spelling = decide(t=cells)["t"]
    proved = any(date.day > 12 for date in dates)
    assert spelling.dates == ("day-first" if proved else "iso")
