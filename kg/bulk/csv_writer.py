"""Columns as the compressed CSV that ``neo4j-admin database import`` reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import isal.igzip
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

#: Between the items of a list; no text that a person typed holds it.
BETWEEN: Final = "\x1d"

#: Names of properties that the header's own syntax would take apart.
UNFIT: Final = frozenset(':;,{}[]()"\\\r\n')

Columns = Mapping[str, pa.Array]


class UnfitForImport(ValueError):
    """The import's CSV cannot say this; the statements can."""


class CsvWriter:
    """Files of one header each; rows are added to the file of their columns."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._open: Any = isal.igzip.open  # untyped
        self._files: dict[tuple[str, ...], tuple[Path, Any]] = {}
        self._over_lines: set[Path] = set()

    def write(self, columns: Columns) -> None:
        """Add rows; columns are named as the header has them, ``price:double``."""
        names = tuple(columns)
        if names not in self._files:
            self._files[names] = self._begin(names)
        path, file = self._files[names]
        table = pa.table(list(columns.values()), names=list(names))
        sink = pa.BufferOutputStream()
        pa.csv.write_csv(table, sink, pa.csv.WriteOptions(include_header=False))
        raw = sink.getvalue().to_pybytes()
        if raw.count(b"\n") != len(table) or b"\r" in raw:
            self._over_lines.add(path)
        file.write(raw)

    def close(self) -> None:
        """Finish the files."""
        for _, file in self._files.values():
            file.close()

    def groups(self) -> list[list[Path]]:
        """Each file after its header."""
        return [[header_of(path), path] for path, _ in self._files.values()]

    def over_lines(self) -> list[Path]:
        """The files in which a value holds an end of line."""
        return sorted(self._over_lines)

    def _begin(self, names: tuple[str, ...]) -> tuple[Path, Any]:
        for name in names:
            if UNFIT & set(name.rpartition(":")[0]):
                raise UnfitForImport(f"a column named {name.rpartition(':')[0]!r}")
        path = self._folder / f"{self._name}-{len(self._files)}.csv.gz"
        header_of(path).write_text(",".join(names) + "\n", encoding="utf-8")
        return path, self._open(path, "wb", compresslevel=1)


def header_of(path: Path) -> Path:
    """Where the header of a file of rows is."""
    return path.with_name(path.name.replace(".csv.gz", "-header.csv"))


def property_columns(frame: pd.DataFrame, names: Sequence[str]) -> dict[str, pa.Array]:
    """Columns as properties of the types that the driver would give them; absent values empty.

    Raises:
        UnfitForImport: a list's item holds what separates items.
    """
    typed = (property_column(name, frame[name]) for name in names)
    return dict(typed)


def property_column(name: str, values: pd.Series) -> tuple[str, pa.Array]:
    """One column with the name that the header has for it."""
    dtype = values.dtype
    if isinstance(dtype, pd.DatetimeTZDtype):
        return f"{name}:datetime", time_texts(values)
    if isinstance(dtype, pd.StringDtype):
        return f"{name}:string", texts(values)
    if pd.api.types.is_object_dtype(dtype):
        return f"{name}:string[]", _lists(values)
    array = pa.array(values, from_pandas=True)
    if pd.api.types.is_bool_dtype(dtype):
        return f"{name}:boolean", array
    return f"{name}:{'double' if pd.api.types.is_float_dtype(dtype) else 'long'}", array


def texts(values: pd.Series) -> pa.Array:
    """Texts as one array, null where absent."""
    array = pa.array(values, pa.large_string(), from_pandas=True)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def time_texts(values: pd.Series) -> pa.Array:
    """Times as ``2011-01-01T00:00:00.000000Z``."""
    return zulu(pa.array(values.dt.as_unit("us"), pa.timestamp("us", "UTC"), from_pandas=True))


def zulu(times: pa.Array) -> pa.Array:
    """Times of UTC as the import reads them."""
    # Arrow writes times without a zone many times faster.
    plain = times.cast(pa.timestamp(times.type.unit)).cast(pa.string())
    dated = pc.replace_substring(plain, " ", "T", max_replacements=1)
    return pc.binary_join_element_wise(dated, "Z", "")


def _lists(values: pd.Series) -> pa.Array:
    if any(not isinstance(value, list) and not pd.isna(value) for value in values):
        raise UnfitForImport(f"a column of values of several types, {values.name!r}")
    lists = [value if isinstance(value, list) else [] for value in values]
    if any(BETWEEN in item for items in lists for item in items):
        raise UnfitForImport("a list whose items hold U+001D")
    return pa.array([BETWEEN.join(items) if items else None for items in lists], pa.large_string())


def constant(value: object, rows: int) -> pa.Array:
    """One value for every row."""
    return pa.repeat(pa.scalar(value), rows)


def min_times(values: pd.Series) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Milliseconds since 1970, the largest number where a time is absent."""
    milliseconds = np.array(values.dt.as_unit("ms").astype("int64"), dtype=np.int64)
    milliseconds[values.isna().to_numpy()] = np.iinfo(np.int64).max
    return milliseconds
