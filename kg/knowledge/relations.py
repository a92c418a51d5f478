"""Relations between products that are derived: written a batch of products at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import numpy as np
import scipy.sparse as sp

from kg.connection import Graph

TYPES = ("BOUGHT_WITH", "LEADS_TO", "SIMILAR_TO")

#: Products whose relations are replaced in one transaction.
BATCH_PRODUCTS = 500


def replace_relations(
    graph: Graph,
    type_: str,
    weight: sp.csr_array,
    support: sp.csr_array,
    computed_at: datetime,
    until: datetime | None,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Make these the relations of a type from every product; products without any lose theirs.

    A batch of products changes in one transaction, so a reader sees a product's former relations
    or the new ones; which of both tells ``computed_at``. After a failure the next call does all.

    Shapes:
        weight, support: (products, products), of equal sparsity; row i holds where i leads

    Returns:
        How many relations there are now.

    Raises:
        ValueError: there is no such type.
    """
    if type_ not in TYPES:
        raise ValueError(f"No derived relation {type_!r}: there are {', '.join(TYPES)}")
    written = 0
    for start in range(0, weight.shape[0], BATCH_PRODUCTS):
        rows = range(start, min(start + BATCH_PRODUCTS, weight.shape[0]))
        targets, weights, supports = [], [], []
        for row in rows:
            inside = slice(weight.indptr[row], weight.indptr[row + 1])
            strongest = np.argsort(-weight.data[inside], kind="stable")
            targets.append(weight.indices[inside][strongest].tolist())
            weights.append(weight.data[inside][strongest].tolist())
            supports.append(support.data[inside][strongest].astype(np.int64).tolist())
        answer = graph.write(
            "write/replace_product_relations",
            type=type_,
            source=list(rows),
            target=targets,
            weight=weights,
            support=supports,
            computed_at=computed_at,
            until=until,
        )
        written += answer[0]["written"]
        if progress is not None:
            progress(len(rows))
    return written
