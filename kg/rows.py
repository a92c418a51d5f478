"""A table's rows as the parameters of statements."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import pandas as pd

#: Properties that this program keeps itself: a source's column of such a name gets a ``_`` behind.
RESERVED: Final = (
    *("idx", "in_stock", "ingested_at", "facts_id", "adopted_key"),
    *("text_vector", "text_packed", "text_hash", "text_model", "vector_a", "vector_b"),
    *(f"profile_{name}" for name in ("until", "computed_at", "recency_days", "frequency", "money")),
    *(f"profile_{name}" for name in ("rfm", "price_low", "price_median", "price_high")),
)


EVENT_COLUMNS: Final = ("interaction_id", "user_id", "product_id", "order_id", "session_id")
EVENT_NUMBERS: Final = ("position", "line", "quantity", "price", "rating")


def column(frame: pd.DataFrame, name: str) -> list[Any]:
    """A column without NaN; all null where it is absent."""
    if name not in frame:
        return [None] * len(frame)
    values: list[Any] = frame[name].astype(object).where(frame[name].notna(), None).tolist()
    return values


def event_columns(frame: pd.DataFrame) -> dict[str, list[Any]]:
    """The columns of events as lists without NaN; absent columns are all null."""
    columns = {name: column(frame, name) for name in (*EVENT_COLUMNS, *EVENT_NUMBERS)}
    if "occurred_at" in frame:
        times = frame["occurred_at"]
        milliseconds = times.dt.as_unit("ms").astype("int64").tolist()
        pairs = zip(milliseconds, times.isna(), strict=True)
        columns["occurred_ms"] = [None if absent else ms for ms, absent in pairs]
    else:
        columns["occurred_ms"] = [None] * len(frame)
    return columns


def extras(frame: pd.DataFrame, known: Iterable[str]) -> list[dict[str, Any]]:
    """The columns a table does not name, a map a row; empty where there are none."""
    extra = extra_columns(frame, known)
    return [dict(present(row)) for row in extra.to_dict("records")] if len(extra.columns) else []


def extra_columns(frame: pd.DataFrame, known: Iterable[str]) -> pd.DataFrame:
    """The columns a table does not name, as the graph names them."""
    return renamed(frame).drop(columns=[*known, "line", "interaction_id"], errors="ignore")


def renamed(frame: pd.DataFrame) -> pd.DataFrame:
    """The columns whose names this program keeps for itself under other names."""
    names = {name: f"{name}_" for name in RESERVED if name in frame}
    while taken := [name for name, new in names.items() if new in frame]:
        names |= {name: f"{names[name]}_" for name in taken}
    return frame.rename(columns=names)


def property_rows(frame: pd.DataFrame, key: str) -> list[dict[str, Any]]:
    """A key and a map of properties a row."""
    records = frame.drop(columns=key).to_dict("records")
    pairs = zip(frame[key], records, strict=True)
    return [{key: value, "properties": dict(present(record))} for value, record in pairs]


def present(record: dict[Any, Any]) -> Iterator[tuple[str, Any]]:
    """The entries that hold something, as the driver takes them."""
    for name, value in record.items():
        if isinstance(value, list):
            if value:
                yield name, value
        elif isinstance(value, pd.Timestamp):
            yield name, value.to_pydatetime()
        elif not pd.isna(value):
            yield name, value.item() if hasattr(value, "item") else value
