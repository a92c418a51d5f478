"""Relations between products, computed from the graph and written back to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from ingestion.knowledge.relations import (
    LEAST_SUPPORT,
    TOP,
    Relations,
    bought_with,
    leads_to,
    similar_to,
)
from kg.connection import Graph
from kg.knowledge.purchases import read_purchases
from kg.knowledge.relations import replace_relations
from kg.read import read_text_vectors


def derive_relations(
    graph: Graph,
    now: datetime,
    until: datetime | None,
    top: int = TOP,
    least_support: int = LEAST_SUPPORT,
    progress: Callable[[int], None] | None = None,
) -> dict[str, int]:
    """Replace BOUGHT_WITH, LEADS_TO and SIMILAR_TO by what was known before ``until``.

    Returns:
        How many relations there are of each type.

    Raises:
        ValueError: ``until`` has no zone.
    """
    return {
        type_: replace_relations(graph, type_, found.weight, found.support, now, until, progress)
        for type_, found in _found(graph, until, top, least_support)
    }


def _found(
    graph: Graph, until: datetime | None, top: int, least_support: int
) -> Iterator[tuple[str, Relations]]:
    purchases = read_purchases(graph, until)
    yield "BOUGHT_WITH", bought_with(purchases, top, least_support)
    yield "LEADS_TO", leads_to(purchases, top, least_support)
    vectors, _ = read_text_vectors(graph, purchases.num_products, until)
    yield "SIMILAR_TO", similar_to(vectors.numpy(), top)
