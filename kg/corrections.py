"""Events that a source now tells otherwise.

Of one ``interaction_id`` the row loaded last holds; within one load the first does, and the others
are refused. An id of 32 hexadecimal digits is what a load makes of a row's content where the source
has none, and such a row cannot be told otherwise: it would be another event.
"""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

from kg.connection import Graph
from kg.records import TABLES
from kg.rows import column, event_columns, extras

BATCH_IDS: Final = 1_000

MADE_OF_CONTENT: Final = re.compile(r"[0-9a-f]{32}")


def retract_changed(graph: Graph, table: str, frame: pd.DataFrame) -> int:
    """Delete the events that these rows tell otherwise, so that they can be merged anew.

    What is equal is left alone; returns how many were not.
    """
    frame = frame[~frame["interaction_id"].str.fullmatch(MADE_OF_CONTENT).astype(bool)]
    if not len(frame):
        return 0
    columns = event_columns(frame) | {name: column(frame, name) for name in ("kind", "query")}
    compared = {
        "interactions": ("kind", "order_id", "position", "quantity", "price", "rating"),
        "reviews": ("rating",),
        "searches": ("query",),
    }[table]
    names = ("interaction_id", "user_id", "product_id", "occurred_ms", "session_id", *compared)
    properties = extras(frame, TABLES["searches" if table == "searches" else "interactions"])
    rows = graph.read(
        f"read/changed_{table}",
        properties=properties,
        **{name: columns[name] for name in names},
    )
    ids = [row["interaction_id"] for row in rows]
    for start in range(0, len(ids), BATCH_IDS):
        batch = ids[start : start + BATCH_IDS]
        graph.write(f"write/delete_{table}", ids=batch)
    return len(ids)
