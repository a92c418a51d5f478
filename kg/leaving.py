"""What goes out of the graph for good: users, products, events, and events that were corrected.

Whatever is deleted goes with everything derived from it and leaves a tombstone, so that no later
load of an export that still has it brings it back. Weights learned or counted from it before
(``BOUGHT_WITH``, ``LEADS_TO``) are marked ``stale`` until they are computed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd

from kg.connection import Graph
from kg.records import DELETABLE
from kg.returns import link_returns
from kg.tombstones import merge_tombstones

BATCH_IDS = 1_000


def delete(graph: Graph, table: str, ids: Sequence[str], now: datetime) -> tuple[int, int]:
    """Delete things by the ids of their table, and everything derived; safe to repeat.

    Returns:
        How many there were, and how many ids were not known as deleted before.

    Raises:
        ValueError: rows of that table cannot be deleted.
    """
    if table not in DELETABLE:
        raise ValueError(f"Nothing of {table!r} can be deleted: only {', '.join(DELETABLE)}")
    new = deleted = 0
    for start in range(0, len(ids), BATCH_IDS):
        batch = list(dict.fromkeys(ids[start : start + BATCH_IDS]))
        # First, so that a stop in between leaves nothing that a load could bring back.
        new += len(merge_tombstones(graph, table, batch, now))
        statements = [("write/note_rows", {}), (f"write/delete_{table}", {"ids": batch})]
        deleted += graph.write_all(statements)[1][0]["deleted"]
    if table == "interactions" and deleted:
        link_returns(graph)
    return deleted, new


def merge_deletions(graph: Graph, frame: pd.DataFrame, now: datetime) -> int:
    """Delete what the rows of the deletions table name; safe to repeat.

    Returns:
        How many rows deleted something or were not known before.
    """
    written = 0
    for table, rows in frame.drop_duplicates(["table", "id"]).groupby("table"):
        deleted, new = delete(graph, str(table), rows["id"].tolist(), now)
        written += max(deleted, new)
    return written
