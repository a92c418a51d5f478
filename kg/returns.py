"""Which purchase a return gives back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import Any

from kg.connection import Graph

BATCH_ROWS = 10_000


def link_returns(graph: Graph, now: datetime | None = None) -> int:
    """Link returns to what they return, of pairs touched since this was last done; repeatable.

    A return gives back the latest earlier purchase of the same user and product of which enough is
    left, the earlier return having the first choice. Where events have no time, or no purchase has
    enough, none can be told. A quantity that is absent counts as one.

    Args:
        now: the load's time; None looks at all returns there are.

    Returns:
        How many links were made or changed.
    """
    rows = graph.read("read/returned_pairs", now=now)
    rows.sort(key=lambda row: row["pair"])
    changed: list[tuple[str, str | None]] = []
    for _, events in groupby(rows, key=lambda row: row["pair"]):
        told = list(events)
        before = {row["interaction_id"]: row["returns"] for row in told if row["is_return"]}
        found = match_returns(told)
        changed += [(key, found.get(key)) for key in before if found.get(key) != before[key]]
    for start in range(0, len(changed), BATCH_ROWS):
        ids, purchases = zip(*changed[start : start + BATCH_ROWS], strict=True)
        graph.write("write/link_returns", interaction_id=list(ids), returns=list(purchases))
    if now is not None:
        # Later than the links: what a stop in between leaves, the next load does.
        graph.write("write/note_returns_linked", now=now)
    return len(changed)


def match_returns(events: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The purchase of each return of one user and product, where one can be told."""
    timed = [event for event in events if event["time_ms"] is not None]
    # At one time purchases come first; ids settle the rest, so that the order of rows is no matter.
    timed.sort(key=lambda e: (e["time_ms"], e["is_return"], e["interaction_id"]))
    found: dict[str, str] = {}
    left: list[tuple[str, float]] = []
    for event in timed:
        amount = 1.0 if event["quantity"] is None else event["quantity"]
        if not event["is_return"]:
            left.append((event["interaction_id"], amount))
            continue
        for place in reversed(range(len(left))):
            purchase, rest = left[place]
            if rest >= amount:
                found[event["interaction_id"]] = purchase
                left[place] = (purchase, rest - amount)
                break
    return found
