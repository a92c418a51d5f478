"""A gift shop's raw export: UCI Online Retail, one line an invoice line, as CSV.

Every line becomes an event or is refused for the first of these reasons that holds:

==========================  ==================================================================
missing-order_id            no InvoiceNo
missing-product_id          no StockCode
accounting                  InvoiceNo starts with A: bad debt adjusted
fee                         no goods: postage, carriage, discount, commission, bank charges,
                            samples, entries by hand (``FEES``)
voucher                     StockCode starts with GIFT_: sold, but to be bought with, not liked
not-a-stock-code            any other code that does not start with five digits
bad-quantity                not a whole number, or 0, or above 0 on a cancellation (C…)
bad-price                   not a number, or below 0
bad-time                    neither ISO 8601 nor a date as the file writes it: 12/1/2010 8:26, the
                            month first, or the day where another line proves it
stock-correction            quantity below 0 on an invoice that is no cancellation
free                        price 0: gifts, found stock, notes about stock
return-without-customer     a cancellation that no customer is named for
==========================  ==================================================================

What is left: a sale, of a customer or a guest, and a customer's return, whose invoice starts with
C. Codes are folded to upper case, 17850.0 is customer 17850, and times have no zone: UTC. Lines
that are equal stay apart. Products (title: the commonest description, other ones as aliases) and
users (country: the commonest) are gathered from the events and come last.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from ingestion.blocks import BLOCK_ROWS, Block, Spelling, join_rejects, refuse
from ingestion.commonest import Commonest
from ingestion.csv_file import read_csv, read_header
from ingestion.errors import SourceError
from ingestion.header import Header
from ingestion.money import without_currency
from ingestion.spelling import UNDECLARED, Declared, spelled
from ingestion.values import parse_numbers, parse_times, parse_whole, trim

COLUMNS: Final = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
HEADER: Final = Header(known=COLUMNS, required=COLUMNS)
ENDINGS: Final = (".csv", ".csv.gz")

GOODS: Final = r"[0-9]{5}.*"
VOUCHER: Final = "GIFT_"
FEES: Final = (
    "POST",
    "DOT",  # postage of the web shop
    "C2",  # carriage
    "BANK CHARGES",
    "AMAZONFEE",
    "CRUK",  # commission to a charity
    "B",  # bad debt
    "D",  # discount
    "M",  # manual
    "S",  # samples
)

#: What the export writes where it knows no country.
NO_COUNTRY: Final = "Unspecified"

EVENT_COLUMNS: Final = (
    "user_id",
    "product_id",
    "kind",
    "occurred_at",
    "quantity",
    "price",
    "order_id",
)

FLOATED_ID: Final = r"^([0-9]+)\.0+$"


def detect(path: Path) -> bool:
    """Whether a file, or any file of a folder, has the export's eight columns."""
    try:
        return any(_is_export(file) for file in _candidates(path))
    except OSError:
        return False


def read(
    path: Path,
    block_rows: int = BLOCK_ROWS,
    until: datetime | None = None,
    declared: Declared = UNDECLARED,
) -> Generator[Block, None, None]:
    """Events, file by file in order of names, then products and users.

    Products and users are those of the events before ``until``.

    Raises:
        SourceError: no export is there, or a file cannot be read.
    """
    titles = Commonest()
    countries = Commonest()
    files = _files(path)
    for file in files:
        spelling, blocks = spelled(
            read_csv(file, HEADER, block_rows),
            read_csv(file, HEADER),
            ("InvoiceDate",),
            ("Quantity", "UnitPrice"),
            declared,
        )
        dates = _original(spelling.get("InvoiceDate", Spelling()))
        told = {
            "occurred_at": dates,
            "quantity": spelling.get("Quantity", Spelling()),
            "price": spelling.get("UnitPrice", Spelling()),
        }
        for raw, unread in blocks:
            lines, reasons = _sort_out(raw, told)
            refused = reasons != ""
            rejects = refuse(Block("", raw, file), refused, reasons[refused].tolist())
            taken = lines[~refused]
            events = taken[list(EVENT_COLUMNS)]
            both = join_rejects([unread, rejects])
            yield Block("interactions", events, file, both, spelling=told)
            early = taken if until is None else taken[taken["time"] < until]
            titles.add(early["product_id"], early["description"], early["time"])
            countries.add(early["user_id"], early["country"], early["time"])
    yield from _derived(_products(titles), "products", files[-1], block_rows)
    yield from _derived(_users(countries), "users", files[-1], block_rows)


def _original(dates: Spelling) -> Spelling:
    """The original's 12/1/2010 8:26 has the month first, where no cell says otherwise."""
    if dates.dates == "iso" and dates.why:
        return replace(dates, dates="month-first", why="the original's way")
    return dates


def _sort_out(
    raw: pd.DataFrame, spelling: Mapping[str, Spelling]
) -> tuple[pd.DataFrame, npt.NDArray[np.object_]]:
    """The lines as events with all that is said on them, and why each is refused, or ""."""
    text = {name: trim(raw[name]) for name in COLUMNS}
    code = text["StockCode"].str.upper()
    invoice = text["InvoiceNo"].str.upper()
    cancelled = invoice.str.startswith("C", na=False).to_numpy(bool)
    quantity, _ = parse_whole(text["Quantity"], spelling["quantity"].decimal)
    amount, _ = without_currency(text["UnitPrice"])
    price, _ = parse_numbers(amount, spelling["price"].decimal)
    dates = spelling["occurred_at"]
    time, _ = parse_times(text["InvoiceDate"], dates.dates, dates.zone)
    user = text["CustomerID"].str.replace(FLOATED_ID, r"\1", regex=True)
    goods = code.str.match(GOODS, na=False).to_numpy(bool)

    reasons = np.full(len(raw), "", dtype=object)
    for reason, broken in (
        ("missing-order_id", invoice.isna()),
        ("missing-product_id", code.isna()),
        ("accounting", invoice.str.startswith("A", na=False)),
        ("fee", code.isin(FEES)),
        ("voucher", code.str.startswith(VOUCHER, na=False)),
        ("not-a-stock-code", ~goods),
        ("bad-quantity", np.isnan(quantity) | (quantity == 0) | (cancelled & (quantity > 0))),
        ("bad-price", np.isnan(price) | (price < 0)),
        ("bad-time", time.isna()),
        ("stock-correction", ~cancelled & (quantity < 0)),
        ("free", price == 0),
        ("return-without-customer", cancelled & user.isna().to_numpy(bool)),
    ):
        reasons[np.asarray(broken, dtype=bool) & (reasons == "")] = reason
    lines = pd.DataFrame(
        {
            "user_id": user,
            "product_id": code,
            "kind": pd.array(np.where(cancelled, "return", "purchase"), dtype="str"),
            "occurred_at": text["InvoiceDate"],
            "quantity": text["Quantity"].str.lstrip("+-"),
            "price": text["UnitPrice"],
            "order_id": text["InvoiceNo"],
            "time": time,
            "description": text["Description"],
            "country": text["Country"].mask(text["Country"] == NO_COUNTRY),
        },
        index=raw.index,
    )
    return lines, reasons


def _products(titles: Commonest) -> pd.DataFrame:
    told = titles.ranked()
    columns = {
        "product_id": pd.array([code for code, _ in told], dtype="str"),
        "title": pd.array([texts[0] for _, texts in told], dtype="str"),
        "aliases": pd.Series([sorted(texts[1:]) for _, texts in told], dtype=object),
    }
    return pd.DataFrame(columns)


def _users(countries: Commonest) -> pd.DataFrame:
    told = countries.ranked()
    columns = {
        "user_id": pd.array([user for user, _ in told], dtype="str"),
        "country": pd.array([texts[0] for _, texts in told], dtype="str"),
    }
    return pd.DataFrame(columns)


def _derived(
    rows: pd.DataFrame, table: str, file: Path, block_rows: int
) -> Generator[Block, None, None]:
    rows.index = pd.RangeIndex(1, len(rows) + 1)
    for start in range(0, len(rows), block_rows):
        yield Block(table, rows.iloc[start : start + block_rows], file, derived=True)


def _files(path: Path) -> list[Path]:
    """The file itself, or the exports among a folder's files."""
    try:
        files = [path] if path.is_file() else [f for f in _candidates(path) if _is_export(f)]
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
    if not files:
        raise SourceError(f"{path}: no CSV here has the columns {', '.join(COLUMNS)}")
    return files


def _candidates(path: Path) -> list[Path]:
    """The file itself, or a folder's files in order of names."""
    return sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]


def _is_export(file: Path) -> bool:
    if not file.name.lower().endswith(ENDINGS):
        return False
    try:
        HEADER.match(read_header(file), file)
    except SourceError:
        return False
    return True
