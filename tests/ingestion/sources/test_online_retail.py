import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from ingestion.blocks import Block
from ingestion.clean import clean
from ingestion.cleaner import Cleaner
from ingestion.errors import SourceError
from ingestion.sources import online_retail

DATA = Path(__file__).parents[3] / "../shared/data/online_retail/lines.csv.gz"

#: A sale as the export prints it.
SALE = {
    "InvoiceNo": "536365",
    "StockCode": "85123A",
    "Description": "LANTERN",
    "Quantity": "6.0",
    "InvoiceDate": "2010-12-01 08:26:00",
    "UnitPrice": "2.55",
    "CustomerID": "17850.0",
    "Country": "France",
}
CANCELLED = {"InvoiceNo": "C536379", "Quantity": "-6.0"}


def read(folder: Path, *rows: dict[str, str], until: datetime | None = None) -> list[Block]:
    """The blocks of an export whose lines, from the second on, differ from a sale like this."""
    path = folder / "lines.csv"
    with path.open("w", newline="") as handle:
        writer = csv.DictWriter(handle, list(SALE))
        writer.writeheader()
        writer.writerows(SALE | row for row in rows)
    return list(online_retail.read(path, until=until))


def test_a_sale_is_a_purchase_of_its_invoice(tmp_path: Path) -> None:
    events, *_ = read(tmp_path, {"StockCode": " 85123a "})
    assert (events.table, events.derived) == ("interactions", False)
    assert events.frame.to_dict("index") == {
        2: {
            "user_id": "17850",
            "product_id": "85123A",
            "kind": "purchase",
            "occurred_at": "2010-12-01 08:26:00",
            "quantity": "6.0",
            "price": "2.55",
            "order_id": "536365",
        }
    }


def test_a_sale_without_customer_is_a_guest_order(tmp_path: Path) -> None:
    events, products, *users = read(tmp_path, {"CustomerID": ""})
    assert events.frame["user_id"].isna().tolist() == [True]
    assert events.frame["order_id"].tolist() == ["536365"]
    assert products.frame["product_id"].tolist() == ["85123A"]
    assert users == []


def test_a_cancelled_line_of_a_customer_is_a_return(tmp_path: Path) -> None:
    events, *_ = read(tmp_path, CANCELLED)
    assert events.frame[["kind", "quantity", "order_id"]].to_numpy().tolist() == [
        ["return", "6.0", "C536379"]
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"InvoiceNo": ""}, "missing-order_id"),
        ({"StockCode": ""}, "missing-product_id"),
        ({"InvoiceNo": "A563185", "StockCode": "B", "UnitPrice": "-11062.06"}, "accounting"),
        ({"StockCode": "POST"}, "fee"),
        ({"StockCode": "m", "UnitPrice": "0.0"}, "fee"),
        ({"StockCode": "BANK CHARGES", **CANCELLED}, "fee"),
        ({"StockCode": "gift_0001_20"}, "voucher"),
        ({"StockCode": "DCGSSBOY"}, "not-a-stock-code"),
        ({"StockCode": "1234A"}, "not-a-stock-code"),
        ({"Quantity": "0.0"}, "bad-quantity"),
        ({"Quantity": "1.5"}, "bad-quantity"),
        ({"Quantity": ""}, "bad-quantity"),
        ({"InvoiceNo": "C536379"}, "bad-quantity"),
        ({"UnitPrice": "-1"}, "bad-price"),
        ({"UnitPrice": ""}, "bad-price"),
        ({"InvoiceDate": ""}, "bad-time"),
        ({"InvoiceDate": "13/13/2010 8:26"}, "bad-time"),
        ({"Quantity": "-10.0", "UnitPrice": "0.0", "Description": "?"}, "stock-correction"),
        ({"UnitPrice": "0.0"}, "free"),
        ({**CANCELLED, "UnitPrice": "0.0"}, "free"),
        ({**CANCELLED, "CustomerID": ""}, "return-without-customer"),
    ],
)
def test_other_lines_are_refused_with_their_kind(
    tmp_path: Path, row: dict[str, str], reason: str
) -> None:
    events, *derived = read(tmp_path, row)
    assert len(events.frame) == 0
    assert derived == []
    assert events.rejects.frame[["file", "line", "reason"]].to_numpy().tolist() == [
        ["lines.csv", 2, reason]
    ]
    assert events.rejects.frame["row"][0] == ",".join((SALE | row).values())


@pytest.mark.parametrize(
    ("dates", "second"),
    [
        (("12/1/2010 8:26", "1/12/2010 10:05"), datetime(2010, 1, 12, 10, 5, tzinfo=UTC)),
        (("12/1/2010 8:26", "1/13/2011 10:05:30"), datetime(2011, 1, 13, 10, 5, 30, tzinfo=UTC)),
        (("31/12/2010 8:26", "1/12/2010 10:05"), datetime(2010, 12, 1, 10, 5, tzinfo=UTC)),
        (("2010-12-01 08:26", "1/12/2010 10:05"), datetime(2010, 1, 12, 10, 5, tzinfo=UTC)),
    ],
)
def test_dates_are_month_first_as_in_the_original_unless_another_line_disproves_it(
    tmp_path: Path, dates: tuple[str, str], second: datetime
) -> None:
    events, *_ = read(tmp_path, *({"InvoiceDate": date} for date in dates))
    assert clean(events).frame["occurred_at"].tolist()[1] == second


def test_decimal_commas_are_proved_by_a_price(tmp_path: Path) -> None:
    events, *_ = read(
        tmp_path,
        {"UnitPrice": "2,5 €", "Quantity": "1.000"},
        {"UnitPrice": "1.250", "Quantity": "2"},
    )
    frame = clean(events).frame
    assert frame["price"].tolist() == [2.5, 1250.0]
    assert frame["quantity"].tolist() == [1000.0, 2.0]
    assert frame["currency"].fillna("").tolist() == ["EUR", ""]


def test_titles_and_countries_are_the_commonest_of_accepted_lines(tmp_path: Path) -> None:
    _, products, users = read(
        tmp_path,
        {"Description": "OLD NAME"},
        {"Description": "NAME"},
        {"Description": "NAME", "StockCode": "85123a", "CustomerID": ""},
        {"Description": "", "Country": "Spain"},
        {"Description": "damaged", "UnitPrice": "0.0"},
        {"Description": "damaged", "UnitPrice": "0.0"},
        {"Description": "damaged", "UnitPrice": "0.0"},
        {"CustomerID": "12346", "Country": "Unspecified", "StockCode": "22016", "Description": ""},
    )
    assert products.derived
    assert users.derived
    assert products.frame.to_dict("list") == {
        "product_id": ["85123A"],
        "title": ["NAME"],
        "aliases": [["OLD NAME"]],
    }
    assert users.frame.to_dict("list") == {"user_id": ["17850"], "country": ["France"]}


def test_nothing_from_after_until_is_gathered(tmp_path: Path) -> None:
    later = {"InvoiceDate": "2011-09-01 00:00:00"}
    events, products, users = read(
        tmp_path,
        {},
        {**later, "Description": "NEW NAME"},
        {**later, "Description": "NEW NAME"},
        {**later, "CustomerID": "1", "StockCode": "22016"},
        until=datetime(2011, 9, 1, tzinfo=UTC),
    )
    assert len(events.frame) == 4  # the load drops them, and counts them
    assert products.frame["title"].tolist() == ["LANTERN"]
    assert products.frame["aliases"].tolist() == [[]]
    assert users.frame["user_id"].tolist() == ["17850"]


def test_equal_lines_stay_apart(tmp_path: Path) -> None:
    events, *_ = read(tmp_path, {}, {})
    cleaner = Cleaner()
    at_once = cleaner.clean(events).frame["interaction_id"]
    (afterwards,) = (cleaned.frame["interaction_id"] for cleaned in cleaner.rest())
    assert (len(at_once), len(afterwards)) == (1, 1)
    assert at_once[0] != afterwards[0]


def test_all_exports_of_a_folder_are_read_by_name(tmp_path: Path) -> None:
    read(tmp_path, {}).clear()
    (tmp_path / "lines.csv").rename(tmp_path / "2011-02.csv")
    read(tmp_path, {}, {}).clear()
    (tmp_path / "lines.csv").rename(tmp_path / "2011-01.csv")
    (tmp_path / "notes.csv").write_text("a,b\n")
    blocks = [(b.file.name, len(b.frame)) for b in online_retail.read(tmp_path) if not b.derived]
    assert blocks == [("2011-01.csv", 2), ("2011-02.csv", 1)]


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "lines.csv").write_text("InvoiceNo,StockCode\n")
    with pytest.raises(SourceError, match="no columns Description, Quantity"):
        list(online_retail.read(tmp_path / "lines.csv"))
    with pytest.raises(SourceError, match="no CSV here has the columns InvoiceNo, StockCode"):
        list(online_retail.read(tmp_path))


@pytest.fixture(scope="module")
def real() -> tuple[Counter[str], pd.DataFrame, dict[str, pd.DataFrame]]:
    """Of the real export: refused lines by reason, events, and derived tables."""
    if not DATA.exists():
        pytest.skip(f"{DATA} is not here")
    cleaner = Cleaner()
    refused: Counter[str] = Counter()
    events, derived = [], {}
    for block in online_retail.read(DATA):
        cleaned = cleaner.clean(block)
        refused.update(cleaned.rejects.counts())
        if block.derived:
            derived[block.table] = cleaned.frame
        else:
            events.append(cleaned.frame)
    for cleaned in cleaner.rest():
        refused.update(cleaned.rejects.counts())
        events.append(cleaned.frame)
    return refused, pd.concat(events, ignore_index=True), derived


Real = tuple[Counter[str], pd.DataFrame, dict[str, pd.DataFrame]]


def test_every_line_of_the_real_export_is_accounted_for(real: Real) -> None:
    refused, events, _ = real
    assert refused == {
        "fee": 2165,
        "stock-correction": 1011,
        "free": 923,
        "return-without-customer": 128,
        "not-a-stock-code": 46,
        "voucher": 32,
        "accounting": 3,
    }
    guest = events["user_id"].isna()
    assert events["kind"][~guest].value_counts().to_dict() == {"purchase": 265_427, "return": 6086}
    assert events["kind"][guest].value_counts().to_dict() == {"purchase": 95_110}
    assert len(events) + refused.total() == 370_931
    assert events["interaction_id"].is_unique


def test_the_real_goods_before_september_are_those_counted_elsewhere(real: Real) -> None:
    events = real[1]
    bought = events[(events["kind"] == "purchase") & events["user_id"].notna()]
    before = bought[bought["occurred_at"] < pd.Timestamp("2011-09-01", tz="UTC")]
    assert before["user_id"].nunique() == 3314
    assert before["product_id"].nunique() == 3388
    assert len(before[["user_id", "product_id"]].drop_duplicates()) == 162_426


def test_the_real_products_and_users_are_described(real: Real) -> None:
    _, events, derived = real
    products = derived["products"].set_index("product_id")
    assert set(products.index) == set(events["product_id"])
    assert products["title"]["85123A"] == "WHITE HANGING HEART T-LIGHT HOLDER"
    assert sum(len(names) > 0 for names in products["aliases"]) == 158
    assert set(derived["users"]["user_id"]) <= set(events["user_id"].dropna())
