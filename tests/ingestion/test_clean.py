from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.blocks import Block, Rejects
from ingestion.clean import clean, split_attributes, split_categories
from ingestion.sheet import Cleaned
from kg.records import TABLES

FILE = Path("shop/t.csv")


def cleaned(table: str, *rows: dict[str, str]) -> Cleaned:
    """Clean rows that stand in lines 2, 3, ...; a key that a row lacks is empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    frame = pd.DataFrame([[row.get(name, "") for name in names] for row in rows], columns=names)
    frame.index = pd.RangeIndex(2, len(rows) + 2)
    return clean(Block(table, frame.astype("str"), FILE))


def values(frame: pd.DataFrame, name: str) -> list[object]:
    return frame[name].astype(object).where(frame[name].notna(), None).tolist()


BUY = {"user_id": "u", "product_id": "p"}


def reasons(result: Cleaned) -> dict[int, str]:
    return dict(zip(result.rejects.frame["line"], result.rejects.frame["reason"], strict=True))


def test_an_interaction_is_typed_and_a_purchase_by_default() -> None:
    result = cleaned(
        "interactions",
        {
            **BUY,
            "user_id": " u ",
            "occurred_at": "2011-01-01T01:00+01:00",
            "position": "3.0",
            "quantity": "2",
            "price": "0",
            "rating": "-1.5",
            "order_id": "o",
            "session_id": "",
            "Shop": " London ",
        },
        {**BUY, "kind": "VIEW"},
    )
    frame = result.frame
    assert values(frame, "user_id") == ["u", "u"]
    assert values(frame, "kind") == ["purchase", "view"]
    assert values(frame, "occurred_at") == [pd.Timestamp("2011-01-01", tz="UTC"), None]
    assert values(frame, "position") == [3, None]
    assert values(frame, "quantity") == [2.0, None]
    assert values(frame, "price") == [0.0, None]
    assert values(frame, "rating") == [-1.5, None]
    assert values(frame, "order_id") == ["o", None]
    assert values(frame, "session_id") == [None, None]
    assert values(frame, "Shop") == ["London", None]
    assert values(frame, "line") == [2, 3]
    assert frame.dtypes.astype(str)[["occurred_at", "position", "line"]].tolist() == [
        "datetime64[us, UTC]",
        "Int64",
        "int64",
    ]
    assert "interaction_id" not in frame


def test_columns_that_the_source_lacks_are_lacking() -> None:
    assert list(cleaned("interactions", BUY).frame) == ["user_id", "product_id", "kind", "line"]
    assert list(cleaned("products", {"product_id": "p"}).frame) == ["product_id", "line"]


@pytest.mark.parametrize(
    ("table", "row", "reason"),
    [
        ("interactions", {"user_id": "u", "product_id": " "}, "missing-product_id"),
        ("interactions", {"user_id": "", "product_id": "p"}, "missing-user_id"),
        (
            "interactions",
            {**BUY, "user_id": "", "kind": "view", "order_id": "o"},
            "missing-user_id",
        ),
        ("interactions", {**BUY, "user_id": "x" * 1001}, "overlong-user_id"),
        ("interactions", {**BUY, "order_id": "x" * 1001}, "overlong-order_id"),
        ("interactions", {**BUY, "kind": "steal"}, "unknown-kind"),
        ("interactions", {**BUY, "occurred_at": "yesterday"}, "bad-time"),
        ("interactions", {**BUY, "position": "-1"}, "bad-position"),
        ("interactions", {**BUY, "position": "1.5"}, "bad-position"),
        ("interactions", {**BUY, "quantity": "0"}, "bad-quantity"),
        ("interactions", {**BUY, "quantity": "0", "kind": "return"}, "bad-quantity"),
        ("interactions", {**BUY, "quantity": "-1", "kind": "view"}, "bad-quantity"),
        ("interactions", {**BUY, "quantity": "many"}, "bad-quantity"),
        ("interactions", {**BUY, "price": "-0.01"}, "bad-price"),
        ("interactions", {**BUY, "price": "1,000"}, "bad-price"),
        ("interactions", {**BUY, "rating": "inf"}, "bad-rating"),
        ("products", {"product_id": "", "title": "t"}, "missing-product_id"),
        ("products", {"product_id": "p", "brand": "x" * 1001}, "overlong-brand"),
        ("products", {"product_id": "p", "category": "x" * 1001}, "overlong-category"),
        ("products", {"product_id": "p", "attributes": "a|" + "x" * 1001}, "overlong-attributes"),
        ("products", {"product_id": "p", "price": "nan"}, "bad-price"),
        ("products", {"product_id": "p", "stock": "1.5"}, "bad-stock"),
        ("products", {"product_id": "p", "created_at": "2011"}, "bad-time"),
        ("products", {"product_id": "p", "valid_from": "2011"}, "bad-time"),
        ("products", {"product_id": "p", "delisted": "maybe"}, "bad-delisted"),
        ("users", {"user_id": " ", "country": "France"}, "missing-user_id"),
        ("relations", {"product_id": "p", "relation": "", "other_id": "q"}, "missing-relation"),
        ("relations", {"product_id": "p", "relation": "r", "other_id": ""}, "missing-other_id"),
        ("follows", {"user_id": "u", "follows_id": ""}, "missing-follows_id"),
        ("reviews", {"user_id": "", "product_id": "p"}, "missing-user_id"),
        ("reviews", {**BUY, "rating": "five"}, "bad-rating"),
        ("searches", {"query": " ", "user_id": "u"}, "missing-query"),
        ("searches", {"query": "q", "occurred_at": "x"}, "bad-time"),
    ],
)
def test_a_row_that_breaks_a_rule_is_refused_alone(
    table: str, row: dict[str, str], reason: str
) -> None:
    good = dict.fromkeys(row, "1") | {"kind": "purchase", "order_id": "o"}
    good |= dict.fromkeys(("occurred_at", "created_at", "valid_from"), "2011-01-01")
    good = {name: good[name] for name in row}
    result = cleaned(table, good, row, good)
    assert reasons(result) == {3: reason}
    assert values(result.frame, "line") == [2, 4]


def test_a_row_keeps_the_first_reason_alone_and_its_text() -> None:
    result = cleaned("interactions", {**BUY, "price": "-1", "occurred_at": 'a,"b"'})
    assert result.rejects.frame.to_dict("records") == [
        {"file": "t.csv", "line": 2, "reason": "bad-time", "row": 'u,p,-1,"a,""b"""'}
    ]


def test_a_guest_buys_by_order_alone() -> None:
    result = cleaned("interactions", {"user_id": "", "product_id": "p", "order_id": "o"})
    assert values(result.frame, "user_id") == [None]


def test_rejects_of_the_reader_stay_in_order_of_lines() -> None:
    frame = pd.DataFrame({"user_id": ["", "u"]}, index=[3, 5]).astype("str")
    read = Rejects.of(FILE, [2, 4], ["bad-csv"] * 2, ['"', '"'])
    assert reasons(clean(Block("users", frame, FILE, read))) == {
        2: "bad-csv",
        3: "missing-user_id",
        4: "bad-csv",
    }


def test_a_product_is_typed() -> None:
    row = {
        "product_id": "85123a",
        "title": " T ",
        "category": "A > B|C",
        "attributes": "colour = red|soft",
        "price": "2.55",
        "stock": "-3",
        "created_at": "2011-01-01",
        "delisted": "yes",
    }
    frame = cleaned("products", row, {"product_id": "q"}).frame
    assert values(frame, "product_id") == ["85123a", "q"]
    assert values(frame, "title") == ["T", None]
    assert values(frame, "category") == [["A > B", "C"], []]
    assert values(frame, "attributes") == [["colour=red", "soft"], []]
    assert values(frame, "price") == [2.55, None]
    assert values(frame, "stock") == [-3, None]
    assert values(frame, "created_at") == [pd.Timestamp("2011-01-01", tz="UTC"), None]
    assert values(frame, "delisted") == [True, False]


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("Women > Shoes", ["Women > Shoes"]),
        ("  Women  >  > Shoes > | Sale |", ["Women > Shoes", "Sale"]),
        ("A > B|A  > B", ["A > B"]),
        ("Toys >3 years > Cars", ["Toys >3 years > Cars"]),
        (" > | ", []),
    ],
)
def test_category_levels_are_trimmed_and_empty_ones_dropped(text: str, paths: list[str]) -> None:
    assert split_categories(text) == paths


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("colour = red|size=9|soft", ["colour=red", "size=9", "soft"]),
        ("a=b=c", ["a=b=c"]),
        ("size=|= 9|=||x|x", ["9", "x"]),
    ],
)
def test_attributes_are_trimmed_and_kept_once(text: str, keys: list[str]) -> None:
    assert split_attributes(text) == keys


def test_a_column_named_line_does_not_hide_where_a_row_stands() -> None:
    frame = cleaned("interactions", {**BUY, "line": "7"}).frame
    assert values(frame, "line") == [2]
    assert values(frame, "line_") == ["7"]


CELL = st.sampled_from(["", "1", "-1", "x", "2011-01-01", "2011-01-01T00:00Z", "purchase", "A > B"])


@settings(deadline=None)
@given(st.data())
def test_where_blocks_end_is_no_matter(data: st.DataObject) -> None:
    table = data.draw(st.sampled_from(sorted(TABLES)))
    columns = [*TABLES[table], "extra"]
    rows = data.draw(st.lists(st.tuples(*[CELL] * len(columns)), min_size=1, max_size=6))
    cut = data.draw(st.integers(0, len(rows)))
    frame = pd.DataFrame(rows, columns=columns, index=pd.RangeIndex(2, len(rows) + 2)).astype("str")
    whole = clean(Block(table, frame, FILE))
    parts = [clean(Block(table, part, FILE)) for part in (frame[:cut], frame[cut:])]
    joined = pd.concat([part.frame for part in parts], ignore_index=True)
    pd.testing.assert_frame_equal(joined, whole.frame)
    assert [r for part in parts for r in reasons(part).items()] == list(reasons(whole).items())
    assert len(whole.frame) + len(whole.rejects) == len(rows)
