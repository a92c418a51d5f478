"""A run into the graph: its recommendations and vectors, and what pages need beside them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from gnn import runs
from gnn.audiences import preferences
from gnn.behaviour import decayed_counts, event_counts
from gnn.histories import Histories, IntArray
from gnn.inference import VectorRecommender, index_vectors, top_k
from gnn.model import UserEncoder
from gnn.recommender import FloatArray
from gnn.tensors import histories_of
from kg.audiences import read_profile_groups, write_audiences
from kg.connection import Graph
from kg.errors import UnknownRun
from kg.links import Links
from kg.popularity import write_popularity
from kg.publish import Publication, Published, publish
from kg.read import ShopTensors, read_tensors
from kg.records import KINDS, NO_TIME
from shopgraph.progress import progress
from shopgraph.reasons import explain_lists, read_links

#: Recommendations a user.
TOP = 20

#: What is turned to lately: an event counts half as much every week.
TREND_DAYS = 7.0


def publish_run(
    graph: Graph,
    folder: Path,
    run: runs.Run,
    keep_seen: bool = False,
    cache: Path | None = None,
) -> Published:
    """Write a run's vectors and recommendations and make it live.

    Histories are read up to the run's cutoff, so that a run says the same whenever it is
    published; what was bought since is left out all the same.

    Raises:
        UnknownRun: the run was trained on another graph.
    """
    recommender = runs.load_recommender(folder, run)
    users, products = runs.load_ids(folder, run)
    until = None if run.cutoff is None else datetime.fromisoformat(run.cutoff)
    everything = read_tensors(graph, None, cache=cache)
    check_ids(run, everything, users, products)
    histories = histories_of(everything.data)
    rows = np.arange(len(users))
    known, now = known_at(histories, until)
    queries = narrowed(known, len(products)).take(rows)
    seen = narrowed(histories, len(products)).take(rows)
    if keep_seen:
        seen = seen.keep(np.zeros(seen.num_events, np.bool_))
    else:
        seen = seen.keep(seen.kind == KINDS.index("purchase"))
    offered = everything.data["product"].offered.numpy()[: len(products)]
    # A tensor row whose product was deleted has no id.
    offered = offered & np.array([key != "" for key in products])
    with progress("ranking", len(users), "user") as advance:
        best, scores = top_k(
            recommender, queries, now, seen.matrix(), offered, TOP, progress=advance
        )
    user_vectors, product_vectors = index_vectors(
        recommender.users(queries, now), recommender.z.numpy(), recommender.bias.numpy()
    )
    with progress("explaining", len(users), "user") as advance:
        links = read_links(graph, everything)
        told = explain_lists(recommender, queries, now, best, links, products, advance)
    publication = Publication(
        run_id=run.run_id,
        properties=run_properties(run)
        | serving_properties(recommender, product_vectors)
        | told.properties(),
        user_vectors=user_vectors,
        product_vectors=product_vectors,
        products=best,
        scores=scores,
        keep_seen=keep_seen,
        reasons=told.reasons,
        links=links_of(recommender),
        product_weights=product_weights(recommender),
    )
    write_page_facts(graph, histories, KINDS.index(run.target_kind))
    with progress("writing recommendations", len(users), "user") as advance:
        return publish(graph, publication, datetime.now(UTC), advance)


def write_page_facts(graph: Graph, histories: Histories, target_kind: int) -> None:
    """What pages order by where nothing is known of a user: all events there are, run or not."""
    purchase = KINDS.index("purchase")
    timed = histories.time[histories.time != NO_TIME]
    newest = datetime.fromtimestamp(timed.max() / 1000, UTC) if len(timed) else None
    popularity = event_counts(histories, "graded", purchase)
    trend = decayed_counts(histories, TREND_DAYS, "graded", purchase)
    write_popularity(graph, popularity, trend, newest)
    groups = read_profile_groups(graph)
    write_audiences(graph, preferences(histories, target_kind, groups))


def known_at(histories: Histories, until: datetime | None) -> tuple[Histories, IntArray | None]:
    """The events before a moment, and that moment for every row; all where there are no times."""
    if until is None:
        return histories, None
    moment = round(until.timestamp() * 1000)
    known = histories.keep((histories.time != NO_TIME) & (histories.time < moment))
    return known, np.full(len(histories), moment, np.int64)


def narrowed(histories: Histories, num_products: int) -> Histories:
    """Only the events with the first products: a run does not know those that came later."""
    return replace(histories.keep(histories.product < num_products), num_products=num_products)


def check_ids(
    run: runs.Run, tensors: ShopTensors, users: Sequence[str], products: Sequence[str]
) -> None:
    """Refuse a run whose rows are not this graph's; one that either does not know is no matter.

    Raises:
        UnknownRun: naming the first row that differs.
    """
    for label, own, graphs in (
        ("user", users, tensors.user_ids),
        ("product", products, tensors.product_ids),
    ):
        if len(graphs) < len(own):
            raise UnknownRun(f"Run {run.run_id} was trained on another graph: fewer {label}s here")
        for row, (mine, there) in enumerate(zip(own, graphs, strict=False)):
            if mine != there and mine and there:
                raise UnknownRun(
                    f"Run {run.run_id} was trained on another graph: "
                    f"its {label} {row} is {mine!r}, here it is {there!r}"
                )


def run_properties(run: runs.Run) -> dict[str, str | float]:
    """What a ``ModelRun`` node shows of a run."""
    facts: dict[str, str | float] = {
        "created_at": run.created_at,
        "protocol": run.protocol,
        "target_kind": run.target_kind,
        "settings": json.dumps({"model": asdict(run.model), "training": asdict(run.training)}),
        "seconds": run.seconds,
        "peak_mb": run.peak_mb,
        "seed": run.training.seed,
        "device": run.device,
        "versions": json.dumps(run.versions),
        "counts": json.dumps(run.counts),
    }
    if run.job:
        facts |= {name: run.job[name] for name in ("mode", "because", "forced")}
        facts |= {name: json.dumps(run.job[name]) for name in ("checks", "overruled")}
    if run.cutoff is not None:
        facts["cutoff"] = run.cutoff
        facts["cutoff_ms"] = round(datetime.fromisoformat(run.cutoff).timestamp() * 1000)
    if run.bookmark_ms is not None:
        facts["bookmark_ms"] = run.bookmark_ms
    return facts | {name.replace("@", "_at_"): value for name, value in run.metrics.items()}


def serving_properties(recommender: VectorRecommender, vectors: FloatArray) -> dict[str, Any]:
    """What pages need of a run: its products, the length of their vectors, and the users' encoder.

    With that ``home`` computes a user's vector anew, and with the numbers of the sparse term what
    their history counts for beside it.

    Shapes:
        vectors: (products, dim + 2), all of one length
    """
    facts: dict[str, Any] = {
        "products": len(vectors),
        "product_length": float(np.linalg.norm(vectors[0])),
        "history": recommender.history,
    }
    if recommender.neighbours is not None:
        numbers = recommender.neighbours.numbers()
        facts |= {f"term_{name}": value for name, value in numbers.items()}
    encoder = recommender.users_encoder
    prefix = "encoder" if isinstance(encoder, UserEncoder) else "sets"
    return facts | {f"{prefix}_{name}": value for name, value in encoder.numbers().items()}


def product_weights(recommender: VectorRecommender) -> FloatArray | None:
    """What products weigh in a history, (products, blocks), where the users' encoder knows that."""
    encoder = recommender.users_encoder
    return None if isinstance(encoder, UserEncoder) else encoder.products.cpu().numpy().T


def links_of(recommender: VectorRecommender) -> Links | None:
    """The edges of the sparse term, where the run has one."""
    term = recommender.neighbours
    return None if term is None else Links(*term.links())
