"""Hashes of whole columns of rows, the same on every machine and in every version, for good.

A hash is SipHash-2-4 under two keys, each mixed once more as in SplitMix64, of the bytes that a row
is joined to: the columns' names and, of each value, UTF-8 or the eight bytes of its number, so that
no library's way of printing numbers matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pandas.util import hash_array

from kg.tally import KeyArray

#: Hashes of rows, shape (rows, 2).
DigestArray = npt.NDArray[np.uint64]

#: Between a column's name and its value, between columns, and between the items of a list.
NAMED: Final = b"\x1f"
BESIDE: Final = b"\x1e"
ITEM: Final = "\x1d"

#: The four hexadecimal digits of every two bytes, as they lie in memory.
_DIGITS: Final = np.frombuffer(
    "".join(f"{n & 255:02x}{n >> 8:02x}" for n in range(1 << 16)).encode(), np.uint32
)


def digest_columns(frame: pd.DataFrame, names: Sequence[str], person: str) -> DigestArray:
    """A hash of each row's columns in this order, absent values left out.

    ``person`` is what the rows are: equal rows of two kinds differ.
    """
    parts = [
        pc.binary_join_element_wise(
            _scalar(name.encode() + NAMED), _bytes(frame[name]), _scalar(b"")
        )
        for name in names
    ]
    if not parts:
        return digest(np.full(len(frame), b"", dtype=object), person)
    rows = pc.binary_join_element_wise(*parts, _scalar(BESIDE), null_handling="skip")
    return digest(rows.to_numpy(zero_copy_only=False), person)


def digest_texts(texts: pd.Series, person: str) -> DigestArray:
    """A hash of each text; none may be absent."""
    return digest(_bytes(texts).to_numpy(zero_copy_only=False), person)


def digest_numbers(numbers: KeyArray, person: str) -> DigestArray:
    """A hash of each row of numbers.

    Shapes:
        numbers: (rows, n)
    """
    little = np.ascontiguousarray(numbers, "<u8")
    width = pa.binary(8 * little.shape[1])
    rows = pa.Array.from_buffers(width, len(little), [None, pa.py_buffer(little)])
    return digest(rows.to_numpy(zero_copy_only=False), person)


def digest(values: npt.NDArray[np.object_], person: str) -> DigestArray:
    """A hash of each bytes object."""
    keys = (f"{person[:14]:<14}-{half}" for half in "ab")
    halves = [hash_array(values, hash_key=key, categorize=False) for key in keys]
    return np.stack(halves, axis=1)


def hexadecimal(digests: DigestArray) -> pa.Array:
    """Each hash as 32 hexadecimal digits."""
    digits = _DIGITS[digests.astype("<u8").view("<u2")]
    ends = np.arange(0, 32 * len(digests) + 1, 32, dtype=np.int64)
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(digits))]
    return pa.Array.from_buffers(pa.large_string(), len(digests), buffers)


def _scalar(value: bytes) -> pa.Scalar:
    return pa.scalar(value, pa.large_binary())


def _bytes(values: pd.Series) -> pa.Array:
    """What stands for each value in its row; null where absent."""
    if values.dtype == object:
        lists = [ITEM.join(items) if items else None for items in values]
        return pa.array(lists, pa.large_string()).cast(pa.large_binary())
    if isinstance(values.dtype, pd.StringDtype):
        texts: Any = pa.array(values, pa.large_string(), from_pandas=True)
        return texts.cast(pa.large_binary())
    absent = values.isna().to_numpy(bool)
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        values = values.dt.as_unit("us").astype("int64")
    kind = "<f8" if pd.api.types.is_float_dtype(values.dtype) else "<i8"
    numbers = np.ascontiguousarray(values.to_numpy(kind, na_value=0))
    eights = pa.Array.from_buffers(pa.binary(8), len(numbers), [None, pa.py_buffer(numbers)])
    return pc.if_else(pa.array(absent), None, eights.cast(pa.large_binary()))
