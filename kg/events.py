"""Events and order lines into the graph: columns of rows, two writers that share no node.

Parallel writers deadlock on nodes that both touch. The events of a block fall into four cells by
halves of users and halves of products; two cells that lie crosswise share no node and are written
side by side, then the other two. Order lines have one writer.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.util import hash_array

from kg.connection import Graph
from kg.corrections import retract_changed
from kg.errors import AlreadyThere, MemoryPoolFull
from kg.known import ORDERS, KnownEvents
from kg.parallel import in_order
from kg.records import RELATIONSHIPS, TABLES
from kg.rows import EVENT_COLUMNS, EVENT_NUMBERS, extras
from kg.tally import KeyArray, Tally

#: Rows of one transaction at most; the server's memory for one holds many more. Two writers that
#: touch one relationship's record wait for each other; longer transactions do so more often.
BATCH_ROWS: Final = 5_000
#: Rows that are looked up before it is decided whether to look up the rest; fewer are merged.
PROBED: Final = 200
#: Rows looked up at once.
ASKED: Final = 12_500
#: With fewer rows a second writer is not worth its transaction.
SPLIT_ROWS: Final = 2_000

#: What statements take that do not take all of these.
COLUMNS: Final = {
    "write/merge_orders": (
        *("interaction_id", "order_id", "product_id", "user_id"),
        *("quantity", "price"),
    ),
    "write/merge_searches": (
        *("interaction_id", "query", "user_id", "session_id", "product_id"),
        "line",
    ),
}

BARE: Final = {"user_id": "users", "product_id": "products"}

#: The two pairs of cells, by half of users and half of products, that share no node.
CROSSWISE: Final = (((0, 0), (1, 1)), ((0, 1), (1, 0)))


class EventMerger:
    """Merges blocks of events, knowing what the graph held before and what it has made itself."""

    def __init__(self, graph: Graph, known: KnownEvents | None = None) -> None:
        """Without ``known`` nothing is known of the graph."""
        self._graph = graph
        self._known = known
        self._as_read = True
        self._made = {column: Tally() for column in BARE}

    def merge_interactions(self, frame: pd.DataFrame, now: datetime) -> int:
        """Merge events between users and products, and the lines of orders; safe to repeat.

        Returns:
            How many were not there before; a purchase and its order line count once.
        """
        frame = frame.drop_duplicates("interaction_id")
        self._retract_changed("interactions", frame)
        named = frame["user_id"].notna()
        written = 0
        for kind in RELATIONSHIPS:
            events = frame[named & (frame["kind"] == kind)]
            written += self._merge_kind(kind, events, now)
        if "order_id" in frame:
            lines = frame[(frame["kind"] == "purchase") & frame["order_id"].notna()]
            ours = lines["user_id"].notna()
            self._merge("write/merge_orders", ORDERS, lines[ours], now)  # counted as events above
            written += self._merge("write/merge_orders", ORDERS, lines[~ours], now)
        return written

    def merge_reviews(self, frame: pd.DataFrame, now: datetime) -> int:
        """Merge reviews; safe to repeat.

        Returns:
            How many were not there before.
        """
        frame = frame.drop_duplicates("interaction_id")
        self._retract_changed("reviews", frame)
        return self._merge_kind("review", frame, now)

    def _retract_changed(self, table: str, frame: pd.DataFrame) -> None:
        """Take out what these rows tell otherwise; it is no longer as it was read."""
        self._as_read = not retract_changed(self._graph, table, frame)

    def _merge_kind(self, kind: str, rows: pd.DataFrame, now: datetime) -> int:
        create, merge = f"write/create_{kind}_events", f"write/merge_{kind}_events"
        return self._merge(merge, RELATIONSHIPS[kind], rows, now, create)

    def _merge(
        self, name: str, type_: str, rows: pd.DataFrame, now: datetime, create: str | None = None
    ) -> int:
        """Write those of the rows that the graph lacks; ``create`` writes what is surely new."""
        if not len(rows):
            return 0
        new = False
        if self._known is not None and self._as_read:
            rows = rows[~self._known.mask(type_, rows["interaction_id"])]
            new = self._known.complete(type_)
        if not new and len(rows) >= PROBED:
            rows, new = self._unknown(type_, rows), True
        if not len(rows):
            return 0
        self._make_bare(rows, now)
        return self._write_crosswise(create if new and create else name, rows, now)

    def _unknown(self, type_: str, rows: pd.DataFrame) -> pd.DataFrame:
        """The rows that are not in the graph yet, or all where the first are new without exception.

        To ask costs a fifth of merging. What was not asked of and is there after all is found when
        it is created, and merged.
        """
        ids = rows["interaction_id"].tolist()

        def ask(part: list[str]) -> list[int]:
            found = self._graph.read_packed("read/unknown_events", type=type_, ids=part)
            places: list[int] = found[0]["places"]
            return places

        if len(ask(ids[:PROBED])) == PROBED:
            return rows
        parts = [ids[start : start + ASKED] for start in range(0, len(ids), ASKED)]
        places = [
            place + number * ASKED
            for number, found in enumerate(in_order(ask, parts))
            for place in found
        ]
        return rows.iloc[places]

    def _make_bare(self, rows: pd.DataFrame, now: datetime) -> None:
        """Create the users and products that these rows name and nothing else has brought."""
        for column, name in BARE.items():
            ids = rows[column].dropna().unique().astype(object)
            keys = _hashes(ids)
            new = self._made[column].get(keys) == 0
            if new.any():
                for start in range(0, int(new.sum()), BATCH_ROWS):
                    batch = np.sort(ids[new])[start : start + BATCH_ROWS].tolist()
                    self._graph.write(f"write/merge_bare_{name}", ids=batch, now=now)
                fresh = np.sort(keys[new])
                self._made[column].add(fresh, np.ones(len(fresh), dtype=np.uint64))

    def _write_crosswise(self, name: str, rows: pd.DataFrame, now: datetime) -> int:
        """Write rows whose nodes are there; what somebody deletes meanwhile a later load adds."""
        # An order's line touches three nodes, its order, its user and its product: no halves of
        # two of them part the third.
        if len(rows) < SPLIT_ROWS or name == "write/merge_orders":
            return self._write(name, rows, now)
        halves = _half(rows["user_id"]), _half(rows["product_id"])
        written = 0
        with ThreadPoolExecutor(2) as pool:
            for pair in CROSSWISE:
                cells = [rows[(halves[0] == user) & (halves[1] == item)] for user, item in pair]
                written += sum(pool.map(lambda cell: self._write(name, cell, now), cells))
        return written

    def _write(self, name: str, rows: pd.DataFrame, now: datetime) -> int:
        """Write rows in this thread, grouped by the end that has more of them."""
        busier = min(("user_id", "product_id"), key=lambda column: rows[column].nunique())
        rows = rows.sort_values(busier, kind="stable")
        starts = range(0, len(rows), BATCH_ROWS)
        return sum(self._write_batch(name, rows.iloc[at : at + BATCH_ROWS], now) for at in starts)

    def _write_batch(self, name: str, rows: pd.DataFrame, now: datetime) -> int:
        """Write one transaction, or two of half the rows where it is too much for the server."""
        try:
            return int(self._graph.write(name, **parameters(name, rows), now=now)[0]["written"])
        except AlreadyThere:
            # Written since the load began, by another load or by a try whose answer was lost.
            return self._write_batch(name.replace("create_", "merge_"), rows, now)
        except MemoryPoolFull:
            if len(rows) < 2:
                raise
        half = len(rows) // 2
        parts = rows.iloc[:half], rows.iloc[half:]
        return sum(self._write_batch(name, part, now) for part in parts)


def parameters(name: str, rows: pd.DataFrame) -> dict[str, Any]:
    """The columns that a statement takes, as lists; an absent column is an empty one."""
    columns = _lists(rows, COLUMNS.get(name, (*EVENT_COLUMNS, *EVENT_NUMBERS)))
    if name not in COLUMNS:
        columns["properties"] = extras(rows, TABLES["interactions"])
    return columns | {"occurred_ms": _milliseconds(rows)}


def _lists(rows: pd.DataFrame, names: tuple[str, ...]) -> dict[str, list[Any]]:
    return {name: _list(rows[name]) if name in rows else [] for name in names}


def _list(values: pd.Series) -> list[Any]:
    absent = values.isna()
    if not absent.any():
        return values.tolist()
    if absent.all():
        return []
    return values.astype(object).where(~absent, None).tolist()


def _milliseconds(rows: pd.DataFrame) -> list[int | None]:
    if "occurred_at" not in rows:
        return []
    times = rows["occurred_at"]
    milliseconds: list[int | None] = times.dt.as_unit("ms").astype("int64").tolist()
    if not times.isna().any():
        return milliseconds
    pairs = zip(milliseconds, times.isna(), strict=True)
    return [None if absent else time for time, absent in pairs]


def _half(keys: pd.Series) -> npt.NDArray[np.uint64]:
    """Which half of all keys each is in."""
    codes, distinct = pd.factorize(keys)
    return (_hashes(distinct.to_numpy(dtype=object)) & np.uint64(1))[codes]


def _hashes(keys: npt.NDArray[np.object_]) -> KeyArray:
    hashes: KeyArray = hash_array(keys, categorize=False)
    return hashes
