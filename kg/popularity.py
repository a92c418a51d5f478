"""How much is done with each product, at all and lately: what pages order by."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import numpy.typing as npt

from kg.connection import Graph

#: Products that are written in one transaction.
BATCH_PRODUCTS = 5_000


def write_popularity(
    graph: Graph,
    popularity: npt.NDArray[np.float32],
    trend: npt.NDArray[np.float32],
    at: datetime | None,
) -> None:
    """Overwrite every product's popularity and trend, as of ``at``.

    Shapes:
        popularity, trend: (products,), by tensor row
    """
    for start in range(0, len(popularity), BATCH_PRODUCTS):
        end = start + BATCH_PRODUCTS
        graph.write(
            "write/write_popularity",
            start=start,
            popularity=popularity[start:end].tolist(),
            trend=trend[start:end].tolist(),
            at=at,
        )


def count_newcomers(graph: Graph, idx: npt.NDArray[np.int64]) -> None:
    """Let products that nothing was counted of yet stand at nothing, so that they are found so."""
    for start in range(0, len(idx), BATCH_PRODUCTS):
        graph.write("write/count_newcomers", idx=idx[start : start + BATCH_PRODUCTS].tolist())
