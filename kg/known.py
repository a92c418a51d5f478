"""Which events the graph has already, all of a type at once: most of a repeated load."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pandas.util import hash_array

from kg.connection import Graph
from kg.tally import KeyArray

#: Tensor rows of users or products in one read.
PAGE_ROWS: Final = 1_000
#: Reading goes on while the server still collects the next page.
READERS: Final = 2
#: So many events of a graph are read at most: eight bytes each are kept.
MOST_EVENTS: Final = 40_000_000
#: Of a graph so many times the events of a load are read for it at most.
WORTH: Final = 4
#: Events are read node by node: to look at one takes as long as so many events.
PER_NODE: Final = 4

ORDERS: Final = "CONTAINS"


class KnownEvents:
    """The identities of a graph's events, eight bytes each.

    Those of a type are read when they are first asked for, before a load has written any of them,
    and of so many types as there is room for. That an event is known is certain but for two
    identities sharing 64 bits, once in 100,000 loads of ten million events into a graph of ten
    million.
    """

    def __init__(
        self, read: Callable[[str], KeyArray], costs: Mapping[str, int], room: int
    ) -> None:
        """``read`` gives a type's identities, sorted; ``costs`` are nothing where it has none."""
        self._read = read
        self._costs = costs
        self._room = room
        self._identities: dict[str, KeyArray | None] = {}

    def complete(self, type_: str) -> bool:
        """Whether all that the graph had of a relationship type is here: the rest is new."""
        return self._of(type_) is not None

    def mask(self, type_: str, ids: pd.Series) -> npt.NDArray[np.bool_]:
        """Whether the graph had an event of this relationship type and each of these identities."""
        held = self._of(type_)
        if held is None or not len(held):
            return np.zeros(len(ids), dtype=bool)
        keys = hash_identities(pa.array(ids, pa.large_string()))
        at = np.minimum(np.searchsorted(held, keys), len(held) - 1)
        found: npt.NDArray[np.bool_] = held[at] == keys
        return found

    def _of(self, type_: str) -> KeyArray | None:
        """What the graph had of a type, None where it is too much to be read."""
        if type_ not in self._identities:
            cost = self._costs.get(type_, 0)
            held: KeyArray | None = np.zeros(0, dtype=np.uint64)
            if cost > self._room:
                held = None
            elif cost:
                self._room -= cost
                held = self._read(type_)
            self._identities[type_] = held
        return self._identities[type_]


def read_known_events(graph: Graph, expected: int) -> KnownEvents:
    """The identities of the events there are, of the types where that is worth it for a load.

    ``expected`` is about how many rows it has.
    """
    counts = graph.read("read/count_events")[0]
    costs = {
        type_: count + PER_NODE * counts[_nodes_of(type_)]
        for type_, count in counts["events"].items()
        if count
    }
    room = min(MOST_EVENTS, WORTH * expected)
    return KnownEvents(lambda type_: _read_type(graph, type_, counts), costs, room)


def hash_identities(ids: pa.Array) -> KeyArray:
    """A 64-bit key of each identity."""
    if isinstance(ids, pa.ChunkedArray):
        ids = ids.combine_chunks()
    objects = ids.to_numpy(zero_copy_only=False)
    keys: KeyArray = hash_array(objects, categorize=False)
    return keys


def _read_type(graph: Graph, type_: str, counts: dict[str, Any]) -> KeyArray:
    """All identities of one type, sorted."""
    by = _nodes_of(type_)

    def read(start: int) -> KeyArray:
        page = {"from": start, "to": start + PAGE_ROWS}
        ids = graph.read(f"read/identities_by_{by[:-1]}", type=type_, **page)[0]["ids"]
        return hash_identities(pa.array(ids, pa.large_string()))

    with ThreadPoolExecutor(READERS) as pool:
        parts = list(pool.map(read, range(0, counts[by], PAGE_ROWS)))
    keys = np.concatenate([np.zeros(0, dtype=np.uint64), *parts])
    keys.sort()
    return keys


def _nodes_of(type_: str) -> str:
    """Whose events of a type are read, one node after another."""
    return "products" if type_ == ORDERS else "users"
