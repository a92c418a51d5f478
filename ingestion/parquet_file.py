"""Parquet files in blocks of raw text, as if they were CSV."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.blocks import BLOCK_ROWS, Rejects
from ingestion.errors import SourceError
from ingestion.header import Header

log = logging.getLogger(__name__)

#: What the items of a list are joined by: the contract's mark between several values.
BETWEEN = "|"


def read_parquet(
    path: Path, header: Header, block_rows: int = BLOCK_ROWS
) -> Iterator[tuple[pd.DataFrame, Rejects]]:
    """Blocks of a file: text by column, the index the row's number from 1.

    Times, numbers and booleans become their text, lists of values are joined by ``|``, null and
    NaN are empty. At least one block comes.

    Raises:
        SourceError: not Parquet, damaged, its header does not match, or a column holds structures.
    """
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            names = header.match(schema.names, path)
            if None in names:
                log.warning("%s: a column without a name is left out", path)
            start = 1
            for batch in file.iter_batches(batch_size=block_rows):
                index = pd.RangeIndex(start, start + len(batch))
                start += len(batch)
                yield _frame(batch, names, index, path), Rejects()
            if start == 1:
                empty = pa.RecordBatch.from_pylist([], schema=schema)
                yield _frame(empty, names, pd.RangeIndex(1, 1), path), Rejects()
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: not a sound Parquet file ({_line(error)})") from error
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or _line(error)}") from error


def _frame(
    batch: pa.RecordBatch, names: list[str | None], index: pd.RangeIndex, path: Path
) -> pd.DataFrame:
    columns = {}
    for name, field, column in zip(names, batch.schema, batch.columns, strict=True):
        if name is not None:
            try:
                columns[name] = pd.array(_text(column).to_pylist(), dtype="str")
            except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
                raise SourceError(
                    f"{path}: column {name!r} is {field.type}, or holds what cannot be text"
                ) from error
    return pd.DataFrame(columns, index=index)


def _text(column: pa.Array) -> pa.Array:
    """The values as raw text, empty where there is none."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        # Without a zone it is UTC by the contract; with one, UTC is the same instant.
        column = column.cast(pa.timestamp("us", tz="UTC"), safe=False)
    elif pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    elif pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        lists = column.cast(pa.list_(pa.string()))
        column = pc.binary_join(lists, BETWEEN)
    return pc.fill_null(column.cast(pa.large_string()), "")


def _line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
