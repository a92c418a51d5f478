"""The reasons of a run's recommendations, from its scores and from the graph's links."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import scipy.sparse as sp

from gnn.histories import Histories, IntArray
from gnn.inference import VectorRecommender
from gnn.reasons import Faithfulness, Link, Reasons, faithfulness, find_reasons
from gnn.tensors import incidence
from kg.connection import Graph
from kg.knowledge.purchases import NONE, read_purchases
from kg.read import ShopTensors

log = logging.getLogger(__name__)

#: A product that they know already, as who looked at it does.
ITSELF: Final = "ITSELF"

#: Links between products, those that say most first; of a pair the first is told.
DIRECT: Final = ("BOUGHT_WITH", "LEADS_TO", "RELATED_TO", "SIMILAR_TO")
SHARED: Final = {
    "HAS_ATTRIBUTE": ("has_attribute", "attribute"),
    "MADE_BY": ("made_by", "brand"),
    "IN_CATEGORY": ("in_category", "category"),
}


@dataclass(frozen=True)
class Told:
    """Reasons of each user's list as ``KIND share product_id``, and how faithful they are."""

    reasons: list[list[list[str]]]
    faithfulness: Faithfulness

    def properties(self) -> dict[str, Any]:
        """What a ``ModelRun`` node shows of them."""
        told = sum(bool(reasons) for row in self.reasons for reasons in row)
        facts = {f"faithfulness_{name}": value for name, value in asdict(self.faithfulness).items()}
        return {"explained": told} | facts


def read_links(graph: Graph, tensors: ShopTensors) -> list[Link]:
    """All links between products that a reason may be drawn by, the most telling first."""
    products = len(tensors.product_ids)
    found = [Link(ITSELF, sp.csr_array(sp.eye_array(products, dtype=np.float32)))]
    for kind in DIRECT:
        row = graph.read_packed("read/derived_relations", type=kind)[0]
        pairs = np.array(row["source"], np.int64), np.array(row["target"], np.int64)
        matrix = sp.csr_array(
            (np.ones(len(pairs[0]), np.float32), pairs), shape=(products, products)
        )
        found.append(Link(kind, matrix))
    # Where nothing was derived from orders, they are looked into themselves.
    if not found[1].matrix.nnz:
        found.insert(1, _orders(graph, products))
    for kind, (relation, label) in SHARED.items():
        found.append(Link(kind, incidence(tensors.data, relation, label), by_node=True))
    return [link for link in found if link.matrix.nnz]


def _orders(graph: Graph, products: int) -> Link:
    purchases = read_purchases(graph, None)
    kept = purchases.order != NONE
    pairs = purchases.product[kept], purchases.order[kept]
    shape = (products, int(pairs[1].max(initial=-1)) + 1)
    matrix = sp.csr_array((np.ones(len(pairs[0]), np.float32), pairs), shape=shape)
    return Link("CONTAINS", matrix, by_node=True)


def explain_lists(
    recommender: VectorRecommender,
    queries: Histories,
    now: IntArray | None,
    best: IntArray,
    links: Sequence[Link],
    product_ids: Sequence[str],
    progress: Callable[[int], None] | None = None,
) -> Told:
    """Reasons of all lists, and their faithfulness over a sample.

    Shapes:
        best: (queries, k) int64 products, the best first, -1 where there are fewer
    """
    if len(links) == 1 and not _holds_known(queries, best):
        # Nothing is linked to anything, and nothing offered is known already: no path is there.
        return Told([], Faithfulness(0, 0.0, 0.0, 0.0, 0.0))
    found = find_reasons(recommender, queries, now, best, links, progress)
    tested = faithfulness(recommender, queries, now, best, found)
    log.info("reasons: %s, faithfulness %s", len(found), tested)
    kinds = [link.kind for link in links]
    return Told(_texts(found, best, kinds, product_ids), tested)


def _holds_known(queries: Histories, best: IntArray) -> bool:
    """Whether a list holds what its user has turned to before."""
    row, place = np.nonzero(best >= 0)
    return bool(queries.matrix()[row, best[row, place]].any())


def _texts(
    reasons: Reasons, best: IntArray, kinds: Sequence[str], product_ids: Sequence[str]
) -> list[list[list[str]]]:
    rows = []
    for known, kind, share, list_ in zip(
        reasons.known.tolist(),
        reasons.kind.tolist(),
        reasons.share.tolist(),
        best.tolist(),
        strict=True,
    ):
        row = []
        for place, product in enumerate(list_):
            if product >= 0:
                told = zip(known[place], kind[place], share[place], strict=True)
                row.append(
                    [
                        f"{kinds[code]} {part:.2f} {product_ids[k]}"
                        for k, code, part in told
                        if k >= 0
                    ]
                )
        rows.append(row)
    return rows
