"""Tensor rows: the dense numbers nodes keep for good."""

from __future__ import annotations

from kg.connection import Graph

#: Keys a statement takes at once.
BATCH_KEYS = 10_000


def number_nodes(graph: Graph, label: str) -> None:
    """Give each node of a label (``users``, ``brands`` …) that lacks a tensor row the next one, in
    the order of their keys; safe to repeat."""
    # The keys come and go in lists: one statement for all held them once a node, gigabytes in all.
    found = graph.read(f"write/unnumbered_{label}")[0]
    for start in range(0, len(found["keys"]), BATCH_KEYS):
        keys = found["keys"][start : start + BATCH_KEYS]
        graph.write(f"write/number_{label}", keys=keys, next=found["next"] + start)
