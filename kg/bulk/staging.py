"""Events on their way into an empty store: nodes and relationships as files for the import."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kg.bulk.csv_writer import (
    BETWEEN,
    CsvWriter,
    constant,
    min_times,
    property_columns,
    texts,
    zulu,
)
from kg.bulk.node_ids import NodeIds
from kg.records import RELATIONSHIPS, TABLES
from kg.rows import EVENT_NUMBERS, extra_columns
from kg.tally import IntArray, Tally

#: What statements find nodes by.
KEYS: Final = {"User": "user_id", "Product": "product_id", "Order": "order_id"}

#: Labels whose nodes have tensor rows, in the order of their keys.
NUMBERED: Final = ("User", "Product")

#: Keys sorted here at most; for more nodes of a label the server gives out the rows.
SORTED_AT_MOST: Final = 8_000_000

NEVER: Final = np.iinfo(np.int64).max

Times = np.ndarray[tuple[int], np.dtype[np.int64]]


class Staging:
    """The files of one import; what is added must be cleaned, and every event once."""

    def __init__(self, folder: Path, now: datetime) -> None:
        """``now`` is the load's time."""
        folder.mkdir(parents=True)
        self._folder = folder
        self._now = f"{now:%Y-%m-%dT%H:%M:%S.%f}Z"
        self._ids = {label: NodeIds() for label in KEYS}
        self._writers: dict[str, CsvWriter] = {}
        self._placed = Tally()
        self._order_times: Times = np.full(1024, NEVER)

    def add_bare(self, label: str, keys: pd.Series) -> None:
        """Users or products that another table names, or tells of later."""
        self._ids[label].take(texts(keys.dropna()))

    def add_events(self, frame: pd.DataFrame) -> None:
        """A block of interactions.

        Raises:
            UnfitForImport: the import cannot say what it holds.
        """
        products = self._ids["Product"].take(texts(frame["product_id"]))
        users = self._users(frame)
        for kind, type_ in RELATIONSHIPS.items():
            mask = (frame["kind"] == kind).to_numpy(bool) & (users >= 0)
            if mask.any():
                events, extras = frame[mask], TABLES["interactions"]
                self._write_events(type_, users[mask], products[mask], events, extras)
        if "order_id" in frame:
            mask = ((frame["kind"] == "purchase") & frame["order_id"].notna()).to_numpy(bool)
            if mask.any():
                self._write_orders(users[mask], products[mask], frame[mask])

    def add_reviews(self, frame: pd.DataFrame) -> None:
        """A block of reviews.

        Raises:
            UnfitForImport: the import cannot say what it holds.
        """
        products = self._ids["Product"].take(texts(frame["product_id"]))
        users = self._ids["User"].take(texts(frame["user_id"]))
        self._write_events("REVIEWED", users, products, frame, TABLES["interactions"])

    def finish(self) -> list[str]:
        """Write the nodes, and say what the import is to be told."""
        for label in KEYS:
            if self._ids[label].count:
                self._write_nodes(label)
        self.close()
        arguments = []
        over_lines: list[Path] = []
        for name, writer in self._writers.items():
            over_lines += writer.over_lines()
            option = "nodes" if name in KEYS else "relationships"
            for files in writer.groups():
                arguments.append(f"--{option}={name}={','.join(map(str, files))}")
        if over_lines:
            arguments.append(f"--multiline-fields={','.join(map(str, over_lines))}")
            arguments.append("--multiline-fields-format=v2")
        return [
            "--id-type=integer",
            "--path-pattern-style=none",
            f"--array-delimiter=U+{ord(BETWEEN):04X}",
            *arguments,
        ]

    def close(self) -> None:
        """Close the files; safe to repeat."""
        for writer in self._writers.values():
            writer.close()

    def _users(self, frame: pd.DataFrame) -> IntArray:
        """The number of each row's user, -1 for a guest."""
        known = frame["user_id"].notna().to_numpy(bool)
        users = np.full(len(frame), -1, dtype=np.int64)
        users[known] = self._ids["User"].take(texts(frame["user_id"][known]))
        return users

    def _write_events(
        self,
        type_: str,
        users: IntArray,
        products: IntArray,
        events: pd.DataFrame,
        known: tuple[str, ...],
    ) -> None:
        names = ("interaction_id", "order_id", "session_id", *EVENT_NUMBERS)
        columns = {":START_ID(User)": pa.array(users), ":END_ID(Product)": pa.array(products)}
        columns |= property_columns(events, [name for name in names if name in events])
        columns |= self._times(events)
        extras = extra_columns(events, known)
        columns |= property_columns(extras, [str(name) for name in extras])
        self._write(type_, columns)

    def _write_orders(self, users: IntArray, products: IntArray, lines: pd.DataFrame) -> None:
        orders = self._ids["Order"].take(texts(lines["order_id"]))
        columns = {":START_ID(Order)": pa.array(orders), ":END_ID(Product)": pa.array(products)}
        names = ("interaction_id", "quantity", "price")
        columns |= property_columns(lines, [name for name in names if name in lines])
        self._write("CONTAINS", columns | self._times(lines))
        self._note_order_times(orders, lines)
        placed = np.unique(np.stack([users, orders], axis=1)[users >= 0], axis=0)
        pairs = placed[:, 0].astype(np.uint64) << np.uint64(32) | placed[:, 1].astype(np.uint64)
        new = self._placed.get(pairs) == 0
        self._placed.add(pairs[new], np.ones(int(new.sum()), dtype=np.uint64))
        if new.any():
            ends = {":START_ID(User)": placed[new, 0], ":END_ID(Order)": placed[new, 1]}
            self._write("PLACED", {name: pa.array(values) for name, values in ends.items()})

    def _note_order_times(self, orders: IntArray, lines: pd.DataFrame) -> None:
        """An order's time is that of its earliest line."""
        while len(self._order_times) < self._ids["Order"].count:
            self._order_times = np.append(self._order_times, np.full_like(self._order_times, NEVER))
        if "occurred_at" in lines:
            np.minimum.at(self._order_times, orders, min_times(lines["occurred_at"]))

    def _times(self, frame: pd.DataFrame) -> dict[str, pa.Array]:
        columns = {"ingested_at:datetime": constant(self._now, len(frame))}
        if "occurred_at" in frame:
            times = frame[["occurred_at"]].assign(
                occurred_at=frame["occurred_at"].dt.floor("ms")  # as statements are given them
            )
            columns |= property_columns(times, ["occurred_at"])
        return columns

    def _write_nodes(self, label: str) -> None:
        ids = self._ids[label]
        rows = self._tensor_rows(label)
        start = 0
        for keys in ids.read_keys():
            numbers = np.arange(start, start + len(keys))
            start += len(keys)
            columns: dict[str, Any] = {f":ID({label})": pa.array(numbers)}
            columns[f"{KEYS[label]}:string"] = keys
            columns["ingested_at:datetime"] = constant(self._now, len(keys))
            if label == "Product":
                columns["in_stock:boolean"] = constant(True, len(keys))
            if rows is not None:
                columns["idx:long"] = pa.array(rows[numbers])
            if label == "Order":
                times = self._order_times[numbers]
                milliseconds = pa.array(times, mask=times == NEVER)
                columns["occurred_at:datetime"] = zulu(milliseconds.cast(pa.timestamp("ms", "UTC")))
            self._write(label, columns)

    def _tensor_rows(self, label: str) -> IntArray | None:
        """Each node's tensor row: its rank among the keys."""
        ids = self._ids[label]
        if label not in NUMBERED or ids.count > SORTED_AT_MOST:
            return None
        keys = pa.chunked_array(list(ids.read_keys()), pa.large_string())
        rows = np.empty(ids.count, dtype=np.int64)
        rows[pc.sort_indices(keys).to_numpy()] = np.arange(ids.count)
        return rows

    def _write(self, name: str, columns: dict[str, Any]) -> None:
        if name not in self._writers:
            self._writers[name] = CsvWriter(self._folder, name)
        self._writers[name].write(columns)
