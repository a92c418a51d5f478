"""What was deleted for good, remembered without its name.

A tombstone holds a hash of the id, salted with what only this graph knows, so that a load of the
same export can leave the thing out without anybody reading who it was. Somebody who has the graph
and guesses an id can check the guess: that is as little as can be kept if it is to be recognised.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pandas as pd

from kg.connection import Graph


@dataclass(frozen=True)
class Tombstones:
    """The keys of what was deleted; holds no id."""

    salt: str
    keys: frozenset[str] = field(default_factory=frozenset)

    def key(self, table: str, thing: str) -> str:
        """What stands for a thing: 32 hexadecimal digits."""
        text = f"{table}\x1f{thing}"
        return blake2b(text.encode(), digest_size=16, key=self.salt.encode()).hexdigest()

    def holds(self, table: str, ids: pd.Series) -> npt.NDArray[np.bool_]:
        """Which of these ids were deleted; absent ones were not."""
        if not self.keys:
            return np.zeros(len(ids), np.bool_)
        codes, distinct = pd.factorize(ids)
        gone = [self.key(table, str(thing)) in self.keys for thing in distinct]
        # The code of an absent id is -1, and picks this last entry.
        return np.array([*gone, False], np.bool_)[codes]

    def having(self, table: str, ids: Iterable[str]) -> Tombstones:
        """These, and those of further ids."""
        return replace(self, keys=self.keys | {self.key(table, thing) for thing in ids})


def read_tombstones(graph: Graph) -> Tombstones:
    """Read what was deleted from this graph; its salt is made when first asked for."""
    salt = graph.write("write/ensure_salt", salt=secrets.token_hex(16))[0]["salt"]
    return Tombstones(salt, frozenset(row["key"] for row in graph.read("read/tombstones")))


def merge_tombstones(graph: Graph, table: str, ids: Iterable[str], now: datetime) -> set[str]:
    """Remember ids as deleted; returns those that were not before."""
    stones = read_tombstones(graph)
    keys = {stones.key(table, thing): thing for thing in ids}
    new = keys.keys() - stones.keys
    graph.write("write/merge_tombstones", keys=sorted(new), now=now)
    return {keys[key] for key in new}


def delete_tombstones(graph: Graph, table: str, ids: Iterable[str]) -> set[str]:
    """Let ids come back with the next load; returns those that were deleted."""
    stones = read_tombstones(graph)
    keys = {stones.key(table, thing): thing for thing in ids}
    known = keys.keys() & stones.keys
    graph.write("write/delete_tombstones", keys=sorted(known))
    return {keys[key] for key in known}
