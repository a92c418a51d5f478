"""Histories for tests: handmade ones, and the real ones where the data folder is there."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gnn.histories import Histories
from kg.records import KINDS, NO_TIME

DATA = Path(__file__).parents[2] / "../shared/data"
PURCHASE = KINDS.index("purchase")

#: An event: a product bought, or (product, kind), or (product, kind, time in ms).
Event = int | tuple[int, str] | tuple[int, str, int]
MakeHistories = Callable[[Sequence[Sequence[Event]], int], Histories]


@pytest.fixture(scope="session")
def histories() -> MakeHistories:
    """Build histories from lists of events, oldest first."""

    def make(rows: Sequence[Sequence[Event]], num_products: int) -> Histories:
        full = [(e,) if isinstance(e, int) else e for events in rows for e in events]
        indptr = np.concatenate([[0], np.cumsum([len(events) for events in rows])])
        return Histories(
            indptr.astype(np.int64),
            np.array([e[0] for e in full], np.int64),
            np.array([KINDS.index(e[1]) if len(e) > 1 else PURCHASE for e in full], np.int64),
            np.array([e[2] if len(e) > 2 else NO_TIME for e in full], np.int64),
            num_products,
        )

    return make


@pytest.fixture(scope="session")
def online_retail() -> Histories:
    """Goods bought from Online Retail; products in the order of their codes."""
    path = DATA / "online_retail" / "lines.csv.gz"
    if not path.exists():
        pytest.skip(f"needs {path}")
    lines = pd.read_csv(path, dtype={"InvoiceNo": str, "StockCode": str, "CustomerID": str})
    code = lines["StockCode"].str.upper()
    goods = lines[
        lines["CustomerID"].notna()
        & ~lines["InvoiceNo"].str.startswith("C")
        & (lines["Quantity"] > 0)
        & (lines["UnitPrice"] > 0)
        & code.str.match(r"\d{5}")
    ]
    product, codes = pd.factorize(code[goods.index], sort=True)
    row, users = pd.factorize(goods["CustomerID"])
    time = pd.to_datetime(goods["InvoiceDate"]).astype("datetime64[ms]").astype("int64")
    return Histories.from_events(
        row.astype(np.int64),
        product.astype(np.int64),
        np.full(len(goods), PURCHASE, np.int64),
        time.to_numpy(np.int64),
        np.arange(len(goods), dtype=np.int64),
        len(users),
        len(codes),
    )


@pytest.fixture(scope="session")
def beauty() -> Histories:
    """Amazon Beauty's interactions, in the order of their positions."""
    folder = DATA / "amazon_beauty"
    if not folder.exists():
        pytest.skip(f"needs {folder}")
    products = pd.read_csv(folder / "products.csv.gz", usecols=["product_id"])["product_id"]
    events = pd.read_csv(folder / "interactions.csv.gz")
    row, users = pd.factorize(events["user_id"])
    return Histories.from_events(
        row.astype(np.int64),
        pd.Index(products).get_indexer(events["product_id"]).astype(np.int64),
        np.full(len(events), PURCHASE, np.int64),
        np.full(len(events), NO_TIME, np.int64),
        events["position"].to_numpy(np.int64),
        len(users),
        len(products),
    )
