from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.cleaner import Cleaner
from ingestion.repeats import KEYS
from ingestion.sheet import Cleaned
from ingestion.sources import online_retail, tables
from kg.records import TABLES


def clean_folder(folder: Path, until: datetime | None = None) -> list[Cleaned]:
    cleaner = Cleaner(until)
    cleaner.look_ahead(tables, folder)
    results = [cleaner.clean(block) for block in tables.read(folder, 2, until)]
    return [*results, *cleaner.rest()]


def lines(results: list[Cleaned]) -> list[int]:
    return [line for result in results for line in result.frame["line"]]


def refused(results: list[Cleaned]) -> dict[int, str]:
    return {
        line: reason
        for result in results
        for line, reason in zip(
            result.rejects.frame["line"], result.rejects.frame["reason"], strict=True
        )
    }


def test_the_last_row_about_a_product_holds_also_over_blocks(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text(
        "product_id,title,price\np,old,1\nq,same,1\nq,same,1\nr,x,1\np,new,1\np,worse,-1\n"
    )
    results = clean_folder(tmp_path)
    assert lines(results) == [4, 5, 6]
    assert refused(results) == {2: "superseded", 7: "bad-price"}


def test_facts_that_change_keep_every_time(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text(
        "product_id,price,valid_from\np,1,2011-01-01\np,2,2011-02-01\np,3,2011-02-01T00:00Z\np,4,\n"
    )
    results = clean_folder(tmp_path)
    assert lines(results) == [2, 4, 5]
    assert refused(results) == {3: "superseded"}


def test_equal_relations_are_left_out_without_reject(tmp_path: Path) -> None:
    (tmp_path / "relations.csv").write_text(
        "product_id,relation,other_id\na,r,b\na,r,b\na,s,b\na,r,b\n"
    )
    results = clean_folder(tmp_path)
    assert lines(results) == [4, 5]
    assert refused(results) == {}


def test_until_is_half_open_and_keeps_what_has_no_time(tmp_path: Path) -> None:
    (tmp_path / "interactions.csv").write_text(
        "user_id,product_id,occurred_at\n"
        "u,p,2011-08-31T23:59:59.999999\nu,p,2011-09-01\nu,p,\nu,p,2011-09-01T00:30+01:00\nu,,\n"
    )
    results = clean_folder(tmp_path, datetime(2011, 9, 1, tzinfo=UTC))
    assert lines(results) == [2, 4, 5]
    assert refused(results) == {3: "after-until", 6: "missing-product_id"}


def test_facts_valid_from_then_on_are_later_too(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text(
        "product_id,price,valid_from\np,1,2011-01-01\np,2,2011-09-01\nq,3,\n"
    )
    results = clean_folder(tmp_path, datetime(2011, 9, 1, tzinfo=UTC))
    assert lines(results) == [2, 4]
    assert refused(results) == {3: "after-until"}


def test_every_row_is_kept_left_out_or_refused_once(tmp_path: Path) -> None:
    (tmp_path / "interactions.csv").write_text(
        "user_id,product_id,interaction_id\nu,p,1\nu,p,1\nu,q,1\nu\nu,,2\nu,p,2\n"
    )
    results = clean_folder(tmp_path)
    assert lines(results) == [2, 7]
    assert refused(results) == {
        4: "duplicate-interaction_id",
        5: "wrong-number-of-columns",
        6: "missing-product_id",
    }


CELL = st.one_of(
    st.sampled_from(["", "1", "-1", "6.0", "C1", "A1", "85123A", "2011-01-01", "12/1/2010 8:26"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters='"\r\n,'), max_size=8),
)


@settings(deadline=None)
@given(data=st.data(), table=st.sampled_from([*sorted(TABLES), "lines"]), late=st.booleans())
def test_whatever_the_cells_hold_every_row_is_kept_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, table: str, late: bool
) -> None:
    columns = TABLES.get(table, online_retail.COLUMNS)
    rows = data.draw(st.lists(st.tuples(*[CELL] * len(columns)).map(",".join), max_size=5))
    path = tmp_path_factory.mktemp("t") / f"{table}.csv"
    path.write_text("\n".join([",".join(columns), *rows]), encoding="utf-8", newline="")
    until = datetime(2011, 1, 1, tzinfo=UTC) if late else None
    source = tables if table in TABLES else online_retail
    cleaner = Cleaner(until)
    cleaner.look_ahead(source, path)
    results = [
        (len(block.frame) + len(block.rejects), cleaner.clean(block))
        for block in source.read(path, 2, until)
        if not block.derived
    ]
    results += [(0, late) for late in cleaner.rest()]
    left_out = sum(rows - len(clean.frame) - len(clean.rejects) for rows, clean in results)
    assert left_out == 0 or table in KEYS or table == "interactions"
    assert left_out >= 0
