"""A run's recommendations and vectors into the graph, seen by readers all at once.

Two slots, ``a`` and ``b``, each hold one run's vectors, with an index of their own, and the edges
of its sparse term. A run is written to the slot that is not live, its recommendations beside those
of the live run; then one transaction makes it live. The former run keeps its slot, so that going
back is that one transaction again. Before anything of an older run goes, those end who may still be
reading it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from kg.connection import Graph
from kg.errors import UnknownRun
from kg.links import Links, replace_links
from kg.parallel import in_order
from kg.vectors import ensure_vector_index, read_dimensions, vector_batches

BATCH_USERS = 500

#: Seconds that a reader may take who asked before the last switch.
PATIENCE = 30.0


@dataclass(frozen=True)
class Publication:
    """What a run writes.

    Shapes:
        user_vectors: (users, d) float32; product_vectors: (products, d) float32, no zero rows
        products: (users, k) int64 product rows, the best first, -1 where there are fewer
        scores: (users, k) float32

    ``keep_seen`` tells whether the lists hold what users have bought; ``reasons`` are those of
    each product of a list, as ``KIND share product_id``, the weightiest first, or empty. ``links``
    are what a history counts for beside the vectors, and ``product_weights`` (products, blocks)
    what products weigh in a history, where the users' encoder knows that of each.
    """

    run_id: str
    properties: Mapping[str, Any]
    user_vectors: npt.NDArray[np.float32]
    product_vectors: npt.NDArray[np.float32]
    products: npt.NDArray[np.int64]
    scores: npt.NDArray[np.float32]
    keep_seen: bool = False
    reasons: Sequence[Sequence[Sequence[str]]] = ()
    links: Links | None = None
    product_weights: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Published:
    """What is live now."""

    run_id: str
    users: int
    recommendations: int


def read_runs(graph: Graph) -> list[dict[str, Any]]:
    """The published runs' properties, the newest first."""
    return [row["run"] for row in graph.read("read/runs")]


def read_live_run(graph: Graph) -> str | None:
    """The id of the live run, None where there is none."""
    return next((run["run_id"] for run in read_runs(graph) if run["live"]), None)


def publish(
    graph: Graph,
    publication: Publication,
    now: datetime,
    progress: Callable[[int], None] | None = None,
) -> Published:
    """Write a run and make it live; a run that is live already stays as it is.

    A failure on the way leaves the former run live, and the next call begins anew. A live run that
    is now to keep what users have bought, or no longer, gets its lists anew, user by user.
    """
    run_id = publication.run_id
    runs = read_runs(graph)
    live = next((run for run in runs if run["live"]), None)
    if live is None or live["run_id"] != run_id:
        _let_readers_end(graph)
        slot = "b" if live is not None and live.get("slot") == "a" else "a"
        properties = {**publication.properties, "keep_seen": publication.keep_seen}
        graph.write("write/prepare_run", run_id=run_id, slot=slot, properties=properties)
        keep = [] if live is None else [live["run_id"]]
        graph.run("write/delete_recommendations", keep=keep)
        _write_vectors(graph, slot, publication)
        replace_links(graph, slot, publication.links)
        write_recommendations(graph, publication, progress)
        graph.write("write/make_live", run_id=run_id, now=now)
    elif live.get("keep_seen") != publication.keep_seen:
        # Unknown until all are written, so that a call after a failure writes them again.
        graph.write("write/set_keep_seen", run_id=run_id, keep_seen=None)
        write_recommendations(graph, publication, progress, "write/replace_recommendations")
        graph.write("write/set_keep_seen", run_id=run_id, keep_seen=publication.keep_seen)
    counts = graph.read("read/recommendation_counts", run_id=run_id)[0]
    return Published(run_id, **counts)


def rollback(graph: Graph, now: datetime) -> Published:
    """Make the run live that was live before the present one.

    Raises:
        UnknownRun: no earlier run is still whole.
    """
    former = [run for run in read_runs(graph) if not run["live"] and run.get("slot")]
    former = [run for run in former if run.get("published_at") is not None]
    if not former:
        raise UnknownRun("There is no earlier run to go back to")
    run_id = former[0]["run_id"]
    graph.write("write/make_live", run_id=run_id, now=now)
    return Published(run_id, **graph.read("read/recommendation_counts", run_id=run_id)[0])


def _let_readers_end(graph: Graph) -> None:
    """Wait until every transaction of this moment is over, at most ``PATIENCE`` seconds.

    One that began before the last switch may still read the run that lost its place then, and
    whose slot and lists are about to go. Those that begin from now on see the live run.
    """
    end = time.monotonic() + PATIENCE
    waiting = _transactions(graph)
    while (waiting := waiting & _transactions(graph)) and time.monotonic() < end:
        time.sleep(0.02)


def _transactions(graph: Graph) -> set[str]:
    rows = graph.read("read/transactions", database=graph.database)
    return {row["transaction_id"] for row in rows}


def _write_vectors(graph: Graph, slot: str, publication: Publication) -> None:
    dimensions = publication.product_vectors.shape[1]
    ensure_vector_index(graph, f"vector_{slot}", dimensions)
    other = f"vector_{'a' if slot == 'b' else 'b'}"
    if read_dimensions(graph, other) is None:
        # Statements name both indexes; the server refuses them while one is missing.
        ensure_vector_index(graph, other, dimensions)
    products, users = publication.product_vectors, publication.user_vectors
    graph.run(f"write/clear_product_vectors_{slot}", rows=len(products))
    rows = np.arange(len(products))
    write_product_vectors(graph, slot, rows, products, publication.product_weights)
    graph.run(f"write/clear_user_vectors_{slot}", rows=len(users))
    for batch in vector_batches(users):
        graph.write(
            f"write/write_user_vectors_{slot}",
            idx=list(range(len(users))[batch]),
            vector=users[batch].tolist(),
        )


def write_product_vectors(
    graph: Graph,
    slot: str,
    idx: npt.NDArray[np.int64],
    vectors: npt.NDArray[np.float32],
    weights: npt.NDArray[np.float32] | None = None,
) -> None:
    """Overwrite vectors of products in a slot, and what they weigh in a history.

    Shapes:
        idx: (n,) tensor rows; vectors: (n, d), no zero rows; weights: (n, blocks)
    """
    for batch in vector_batches(vectors):
        graph.write(
            f"write/write_product_vectors_{slot}",
            idx=idx[batch].tolist(),
            vector=vectors[batch].tolist(),
            weights=[] if weights is None else weights[batch].tolist(),
        )


def write_recommendations(
    graph: Graph,
    publication: Publication,
    progress: Callable[[int], None] | None = None,
    name: str = "write/write_recommendations",
) -> None:
    """Write a run's lists over two sessions at once, each user's in one transaction.

    No two write to the same user; what they share are products, where the driver tries again
    should they ever wait for one another.
    """

    def write(start: int) -> int:
        products = publication.products[start : start + BATCH_USERS]
        scores = publication.scores[start : start + BATCH_USERS]
        graph.write(
            name,
            run_id=publication.run_id,
            user=list(range(start, start + len(products))),
            product=[row[row >= 0].tolist() for row in products],
            score=[s[row >= 0].tolist() for row, s in zip(products, scores, strict=True)],
            reasons=publication.reasons[start : start + BATCH_USERS],
        )
        return len(products)

    for written in in_order(write, range(0, len(publication.products), BATCH_USERS)):
        if progress is not None:
            progress(written)
