"""Which events the graph has already, read at once before a load: most of a repeated one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pandas.util import hash_array

from kg.connection import Graph
from kg.records import RELATIONSHIPS
from kg.tally import KeyArray

#: Tensor rows of users or products in one read.
PAGE_ROWS: Final = 1_000
#: Reading goes on while the server still collects the next page.
READERS: Final = 2
#: Beyond so many events the graph is not read: eight bytes each are kept.
MOST_EVENTS: Final = 40_000_000
#: A graph with so many times the events of a load is not read for it.
WORTH: Final = 4

ORDERS: Final = "CONTAINS"


class KnownEvents:
    """The identities of a graph's events as it was at one moment, eight bytes each.

    That an event is known is certain but for two identities sharing 64 bits, once in 100,000 loads
    of ten million events into a graph of ten million.
    """

    def __init__(self, identities: dict[str, KeyArray], *, complete: bool) -> None:
        """``complete``: all that the graph had is here, so that the rest is new."""
        self.complete = complete
        self._identities = identities

    def mask(self, type_: str, ids: pd.Series) -> npt.NDArray[np.bool_]:
        """Whether the graph had an event of this relationship type and each of these identities."""
        held = self._identities.get(type_)
        if held is None or not len(held):
            return np.zeros(len(ids), dtype=bool)
        keys = hash_identities(pa.array(ids, pa.large_string()))
        at = np.minimum(np.searchsorted(held, keys), len(held) - 1)
        found: npt.NDArray[np.bool_] = held[at] == keys
        return found


def read_known_events(graph: Graph, expected: int) -> KnownEvents:
    """The identities of all events, or of none where that is not worth it for so many rows."""
    counts = graph.read("read/count_events")[0]
    total = sum(counts["events"].values())
    if total > min(MOST_EVENTS, WORTH * expected):
        return KnownEvents({}, complete=False)
    types = [type_ for type_ in (*RELATIONSHIPS.values(), ORDERS) if counts["events"][type_]]
    return KnownEvents({t: _read_type(graph, t, counts) for t in types}, complete=True)


def hash_identities(ids: pa.Array) -> KeyArray:
    """A 64-bit key of each identity."""
    if isinstance(ids, pa.ChunkedArray):
        ids = ids.combine_chunks()
    objects = ids.to_numpy(zero_copy_only=False)
    keys: KeyArray = hash_array(objects, categorize=False)
    return keys


def _read_type(graph: Graph, type_: str, counts: dict[str, Any]) -> KeyArray:
    """All identities of one type, sorted."""
    by = "products" if type_ == ORDERS else "users"

    def read(start: int) -> KeyArray:
        page = {"from": start, "to": start + PAGE_ROWS}
        ids = graph.read(f"read/identities_by_{by[:-1]}", type=type_, **page)[0]["ids"]
        return hash_identities(pa.array(ids, pa.large_string()))

    with ThreadPoolExecutor(READERS) as pool:
        parts = list(pool.map(read, range(0, counts[by], PAGE_ROWS)))
    keys = np.concatenate([np.zeros(0, dtype=np.uint64), *parts])
    keys.sort()
    return keys
