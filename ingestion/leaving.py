"""Rows about what was deleted for good: left out of every later load, and written nowhere."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace
from typing import Final

import pandas as pd

from ingestion.blocks import Block, Rejects
from ingestion.sheet import Cleaned
from ingestion.values import trim
from kg.tombstones import Tombstones

#: Columns that name users and products, whatever the table.
NAMING: Final = {
    "user_id": "users",
    "follows_id": "users",
    "product_id": "products",
    "other_id": "products",
}

#: Why such a row is not taken; the row itself is kept nowhere.
FORGOTTEN: Final = "forgotten"
DELETED: Final = "deleted"
LEFT_OUT: Final = (FORGOTTEN, DELETED)


class Leaving:
    """Knows what was deleted, from the graph and from the deletions of this load.

    ``counts`` says how many rows were left out, and why.
    """

    def __init__(self, tombstones: Tombstones) -> None:
        self.tombstones = tombstones
        self.counts: Counter[str] = Counter()

    def note(self, cleaned: Cleaned) -> None:
        """Learn what a block of the deletions table names."""
        for table, rows in cleaned.frame.groupby("table"):
            self.tombstones = self.tombstones.having(str(table), rows["id"])

    def screen(self, block: Block) -> Block:
        """A raw block without the rows that name what was deleted."""
        if not self.tombstones.keys or block.table == "deletions":
            return block
        frame = block.frame
        for name, table in NAMING.items():
            if name in frame:
                gone = self.tombstones.holds(table, trim(frame[name]))
                if not block.derived:
                    self.counts[FORGOTTEN if table == "users" else DELETED] += int(gone.sum())
                frame = frame[~gone]
        return replace(block, frame=frame, rejects=self._blank(block.rejects))

    def screen_events(self, cleaned: Cleaned) -> Cleaned:
        """Events, their ids given, without those that were deleted."""
        gone = self.tombstones.holds(cleaned.table, cleaned.frame["interaction_id"])
        if not gone.any():
            return cleaned
        self.counts[DELETED] += int(gone.sum())
        return replace(cleaned, frame=cleaned.frame[~gone].reset_index(drop=True))

    def _blank(self, rejects: Rejects) -> Rejects:
        """Rejects whose text names a forgotten user lose it; their line and reason stay."""
        if not len(rejects):
            return rejects
        rows = [blanked(self.tombstones, text) for text in rejects.frame["row"]]
        return Rejects(rejects.frame.assign(row=rows))


def blanked(tombstones: Tombstones, text: str) -> str:
    """A refused row's text, or nothing where one of its cells is a forgotten user's id."""
    try:
        cells = next(csv.reader([text]), [])
    except csv.Error:
        cells = text.split(",")
    # A spreadsheet writes the number of a customer with a point.
    ids = [cell.strip().removesuffix(".0") for cell in cells]
    ids += [cell.strip() for cell in cells]
    return "" if tombstones.holds("users", pd.Series(ids, dtype=object)).any() else text
