"""Rows of a load that a later row of the same load replaces.

Products, users, relations and follows are facts, not events: the last row about a thing holds.
Writing the earlier ones first would make every further load of the same file change them to and
fro, so they are found ahead, in a first pass over these tables, and never written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ingestion.blocks import Block, join_rejects, refuse
from ingestion.identity import digest_rows
from ingestion.sheet import Cleaned
from kg.tally import KeyArray, Tally

#: What a row of each table of facts is about.
KEYS: Final = {
    "products": ("product_id", "valid_from"),
    "users": ("user_id",),
    "relations": ("product_id", "relation", "other_id"),
    "follows": ("user_id", "follows_id"),
    "deletions": ("table", "id"),
}


class Repeats:
    """How often each thing is told of in one load, and with what content."""

    def __init__(self) -> None:
        self._things = {table: Tally() for table in KEYS}
        self._contents = {table: Tally() for table in KEYS}
        self._past = {table: Tally() for table in KEYS}

    def note(self, cleaned: Cleaned) -> None:
        """Count a block of the first pass."""
        things, contents = _keys(cleaned)
        self._things[cleaned.table].take_ordinals(things)
        self._contents[cleaned.table].take_ordinals(contents)

    def drop(self, cleaned: Cleaned, block: Block) -> Cleaned:
        """Leave the last row about each thing, in the second pass over the same blocks.

        Where all rows about a thing are equal, the earlier ones are simply left out; where they
        are not, the earlier ones are refused as superseded.
        """
        things, contents = _keys(cleaned)
        total = self._things[cleaned.table].get(things).astype(np.int64)
        earlier = self._past[cleaned.table].take_ordinals(things) < total - 1
        if not earlier.any():
            return cleaned
        differ = self._contents[cleaned.table].get(contents).astype(np.int64) != total
        lines = cleaned.frame["line"].to_numpy()[earlier & differ]
        mask = block.frame.index.isin(lines)
        rejects = refuse(block, mask, ["superseded"] * int(mask.sum()))
        return replace(
            cleaned,
            frame=cleaned.frame[~earlier].reset_index(drop=True),
            rejects=join_rejects([cleaned.rejects, rejects]),
        )


def _keys(cleaned: Cleaned) -> tuple[KeyArray, KeyArray]:
    """A key for what each row is about, and one for its whole content."""
    names = [name for name in KEYS[cleaned.table] if name in cleaned.frame]
    things = digest_rows(cleaned.table, cleaned.frame[names])[:, 0]
    return things, digest_rows(cleaned.table, cleaned.frame)[:, 0]
