"""The Amazon review data sets of 2014, 2018 and 2023: reviews and metadata, a record a line.

Files are JSON lines, or lines of Python dictionaries as in the metadata of 2014, plain or gzipped;
what a file holds is told by its first record. A review becomes a ``rate`` event with its exact
time, and, where it has a title or a text, a review of the same moment beside it: behaviour and
words. Who wrote it, helpful votes, whether the purchase was verified, and the style bought stay as
properties. Metadata becomes products and relations, as ``ingestion.amazon_products`` says.

==================  ==========================================================================
bad-json            the line holds no record
not-a-review        a record without a user among reviews
not-a-product       a record with a user, or without an id, among metadata
==================  ==========================================================================
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from ingestion.amazon_products import product_id, product_row, relation_rows, text
from ingestion.blocks import BLOCK_ROWS, Block, Rejects, Spelling, join_rejects
from ingestion.errors import SourceError
from ingestion.json_lines import Record, Records, parse_record, read_records
from ingestion.spelling import UNDECLARED, Declared
from ingestion.text_file import open_unpacked, read_lines

log = logging.getLogger(__name__)

ENDINGS: Final = (".json", ".jsonl", ".ndjson", ".txt")

#: How many lines are looked at for a first record.
LOOKED_AT: Final = 20

EPOCH: Final = Spelling(dates="epoch", why="the format's way: seconds, or milliseconds in 2023")

#: Columns of products that are no text.
NUMBERS: Final = ("price", "price_high", "sales_rank", "average_rating", "rating_number")
RELATED: Final = ["product_id", "relation", "other_id"]
LISTS: Final = ("category", "attributes")


def detect(path: Path) -> bool:
    """Whether a file, or any file of a folder, begins with a review or a product of these sets."""
    try:
        return any(_holds(file) for file in _candidates(path))
    except OSError:
        return False


def read(
    path: Path,
    block_rows: int = BLOCK_ROWS,
    until: datetime | None = None,
    declared: Declared = UNDECLARED,
) -> Generator[Block, None, None]:
    """Metadata before reviews, each in order of the files' names.

    Raises:
        SourceError: no such file is there, or one cannot be read.
    """
    holds = {file: held for file in _candidates(path) if (held := _holds(file))}
    if not holds:
        raise SourceError(f"{path}: no file of Amazon reviews or metadata, one JSON record a line")
    for file, held in holds.items():
        if held == "products":
            for records in read_records(file, block_rows):
                yield from _products(records, file, block_rows)
    for file, held in holds.items():
        if held == "reviews":
            for records in read_records(file, block_rows):
                yield from _reviews(records, file)


def split(path: Path) -> list[Path]:
    """The files with reviews, each to be read by itself."""
    return [file for file in _candidates(path) if _holds(file) == "reviews"]


def _products(records: Records, file: Path, block_rows: int) -> Iterator[Block]:
    taken, lines, rejects = _sorted_out(
        records,
        file,
        "not-a-product",
        lambda record: bool(product_id(record)) and not _user(record),
    )
    rows = [product_row(record) for record in taken]
    names = rows[0] if rows else ()
    columns = {name: _column(name, [row[name] for row in rows]) for name in names}
    frame = pd.DataFrame(columns, index=pd.Index(lines, dtype="int64"))
    yield Block("products", frame, file, rejects)
    related = [
        (line, row)
        for line, record in zip(lines, taken, strict=True)
        for row in relation_rows(record)
    ]
    for start in range(0, len(related), block_rows):
        part = related[start : start + block_rows]
        index = pd.Index([line for line, _ in part], dtype="int64")
        triples = pd.DataFrame([row for _, row in part], index, RELATED, dtype="str")
        yield Block("relations", triples, file, derived=True)


def _reviews(records: Records, file: Path) -> Iterator[Block]:
    taken, lines, rejects = _sorted_out(records, file, "not-a-review", _is_review)
    index = pd.Index(lines, dtype="int64")
    common = {
        "user_id": [_user(record) for record in taken],
        "product_id": [product_id(record) for record in taken],
        "occurred_at": [_raw(r.get("unixReviewTime", r.get("timestamp"))) for r in taken],
        "rating": [_raw(record.get("overall", record.get("rating"))) for record in taken],
    }
    rated = common | {
        "kind": ["rate"] * len(taken),
        "asin": [text(r.get("asin")) if "parent_asin" in r else "" for r in taken],
        "style": [_style(record) for record in taken],
    }
    events = _frame(rated, index).assign(
        helpful_votes=_whole([_votes(record)[0] for record in taken]),
        total_votes=_whole([_votes(record)[1] for record in taken]),
        verified=pd.array(
            [_flag(r.get("verified", r.get("verified_purchase"))) for r in taken], dtype="boolean"
        ),
    )
    spelling = {"occurred_at": EPOCH}
    yield Block("interactions", _filled(events), file, rejects, spelling=spelling)
    said = common | {
        "title": [_words(record.get("summary", record.get("title"))) for record in taken],
        "text": [_words(record.get("reviewText", record.get("text"))) for record in taken],
        "user_name": [_words(record.get("reviewerName")) for record in taken],
    }
    words = _frame(said, index)
    words = words[(words["title"] != "") | (words["text"] != "")]
    if len(words):
        yield Block("reviews", _filled(words), file, derived=True, spelling=spelling)


def _sorted_out(
    records: Records, file: Path, reason: str, fits: Callable[[Record], bool]
) -> tuple[list[Record], list[int], Rejects]:
    """The records that fit, their lines, and all that is refused."""
    pairs = list(zip(records.records, records.lines, strict=True))
    taken = [(record, line) for record, line in pairs if fits(record)]
    others = [(record, line) for record, line in pairs if not fits(record)]
    refused = Rejects.of(
        file,
        [line for _, line in others],
        [reason] * len(others),
        [str(record) for record, _ in others],
    )
    lines = [line for _, line in taken]
    return [record for record, _ in taken], lines, join_rejects([records.rejects, refused])


def _is_product(record: Record) -> bool:
    return bool(product_id(record)) and not _user(record)


def _is_review(record: Record) -> bool:
    return bool(_user(record))


def _user(record: Record) -> str:
    return text(record.get("reviewerID") or record.get("user_id"))


def _votes(record: Record) -> tuple[int | None, int | None]:
    """Helpful votes, and all votes where the release tells them."""
    helpful = record.get("helpful")
    if isinstance(helpful, list) and len(helpful) == 2:
        return _int(helpful[0]), _int(helpful[1])
    return _int(record.get("vote", record.get("helpful_vote"))), None


def _int(value: object) -> int | None:
    plain = str(value).replace(",", "")
    return int(plain) if plain.isascii() and plain.isdigit() else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _style(record: Record) -> str:
    """``{'Color:': ' Red'}`` as ``Color: Red``; of several, one beside another."""
    style = record.get("style")
    pairs = style.items() if isinstance(style, dict) else ()
    return "; ".join(f"{text(name).rstrip(':')}: {text(value)}" for name, value in pairs)


def _words(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _raw(value: object) -> str:
    return "" if value is None else str(value)


def _whole(values: list[int | None]) -> Any:
    return pd.array(values, dtype="Int64")


def _column(name: str, values: list[Any]) -> Any:
    if name in LISTS:
        return pd.Series(values, dtype=object).to_numpy()
    if name == "price":
        return pd.array(["" if value is None else repr(value) for value in values], dtype="str")
    if name in NUMBERS:
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return pd.array(values, dtype="str")


def _frame(columns: dict[str, list[str]], index: pd.Index) -> pd.DataFrame:
    typed = {name: pd.array(values, dtype="str") for name, values in columns.items()}
    return pd.DataFrame(typed, index=index)


def _filled(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame without columns that another release has."""
    empty = [n for n in ("asin", "style", "user_name") if n in frame and (frame[n] == "").all()]
    return frame.drop(columns=empty)


def _candidates(path: Path) -> list[Path]:
    """The file itself, or a folder's files in order of names."""
    return sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]


def _holds(file: Path) -> str | None:
    """``reviews`` or ``products``, as the first record says; None for any other file."""
    if not file.name.lower().removesuffix(".gz").endswith(ENDINGS):
        return None
    try:
        with open_unpacked(file) as handle:
            for line, _ in zip(read_lines(handle, file), range(LOOKED_AT), strict=False):
                record = parse_record(line.text.strip())
                if record is not None and product_id(record):
                    return "reviews" if _user(record) else "products"
    except SourceError:
        return None
    return None
