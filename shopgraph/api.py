"""What a data scientist imports: ``from shopgraph import api``.

From a shop's graph to tensors, to a model of one's own, to its place in the table::

    with api.open_shop() as graph:
        tensors = api.read_tensors(graph, until=None)  # HeteroData and the keys of its rows
    histories = api.histories_of(tensors.data)
    split = api.leave_one_out.split(histories)
    model = MyBaseline().fit(split.test.train, MyBaseline.Settings(), api.Context())
    print(api.evaluate(model, split.test).metrics["ndcg@10"])
    print(api.recommend(model, tensors, ["17850"], k=5))

A model is anything with ``score(queries, now)``, see ``Recommender``. One that takes part in
benchmarks is a class with ``Settings``, ``AXES`` and ``fit``, see ``Baseline``, and is named as
``module:Class``: ``shopgraph benchmark quality shop/ --protocol forward --cutoff 2026-01-01
--models gnn,ease,mine:MyBaseline``. Every module of ``gnn.baselines`` is an example.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from gnn import explanation, metrics
from gnn.evaluation import Evaluation, best_products, evaluate, paired_bootstrap
from gnn.histories import Histories
from gnn.inference import VectorRecommender
from gnn.protocols import files, forward, leave_one_out, random
from gnn.protocols.task import Split, Task
from gnn.recommender import Baseline, Context, MissingInput, Recommender
from gnn.runs import list_runs, load_recommender, load_run
from gnn.selection import choose, find_baselines
from gnn.tensors import histories_of, knowledge_of
from kg.connection import Graph
from kg.read import ShopTensors, read_tensors
from kg.records import KINDS, NO_TIME
from kg.settings import GraphSettings
from shopgraph.export import load_tensors, save_tensors
from shopgraph.workspace import Workspace

__all__ = [
    "KINDS",
    "NO_TIME",
    "Baseline",
    "Context",
    "Evaluation",
    "Histories",
    "MissingInput",
    "Recommender",
    "ShopTensors",
    "Split",
    "Task",
    "choose",
    "evaluate",
    "explain",
    "files",
    "find_baselines",
    "forward",
    "histories_of",
    "knowledge_of",
    "leave_one_out",
    "list_runs",
    "load_recommender",
    "load_run",
    "load_tensors",
    "metrics",
    "open_shop",
    "paired_bootstrap",
    "random",
    "read_tensors",
    "recommend",
    "recommend_for",
    "save_tensors",
]

BLOCK_ROWS = 1_024


@contextmanager
def open_shop(folder: str | Path = ".") -> Iterator[Graph]:
    """The graph of a working folder, or that of ``NEO4J_URI``, as the commands see it.

    Raises:
        KgError: it cannot be reached.
    """
    workspace = Workspace(Path(folder).absolute() / ".shopgraph", GraphSettings())
    with workspace.open() as graph:
        yield graph


def recommend(
    recommender: Recommender,
    tensors: ShopTensors,
    user_ids: Sequence[str],
    k: int = 20,
    now_ms: int | None = None,
    keep_seen: bool = False,
) -> pd.DataFrame:
    """The best products of users: columns user_id, rank from 1, product_id, score.

    Args:
        now_ms: when they ask, in milliseconds since 1970 UTC; None where there are no times.
        keep_seen: whether what they have bought may be recommended again.

    Raises:
        ValueError: naming a user who is not there.
    """
    row_of = {key: row for row, key in enumerate(tensors.user_ids)}
    if unknown := [user for user in user_ids if user not in row_of]:
        raise ValueError(f"No user {unknown[0]!r} among the {len(row_of)} of the graph")
    rows = np.array([row_of[user] for user in user_ids], np.int64)
    queries = histories_of(tensors.data).take(rows)
    return _ranked(recommender, tensors, list(user_ids), queries, k, now_ms, keep_seen)


def recommend_for(
    recommender: Recommender,
    tensors: ShopTensors,
    sessions: Mapping[str, Sequence[str]],
    k: int = 20,
    kind: str = "purchase",
    now_ms: int | None = None,
    keep_seen: bool = False,
) -> pd.DataFrame:
    """The same for anybody by what they did: products by name, oldest first, no user needed.

    Raises:
        ValueError: naming a product or a kind that is not there.
    """
    if kind not in KINDS:
        raise ValueError(f"No kind {kind!r}: {', '.join(KINDS)}")
    row_of = {key: row for row, key in enumerate(tensors.product_ids)}
    products = [product for session in sessions.values() for product in session]
    if unknown := [product for product in products if product not in row_of]:
        raise ValueError(f"No product {unknown[0]!r} among the {len(row_of)} of the graph")
    lengths = [len(session) for session in sessions.values()]
    queries = Histories(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        np.array([row_of[product] for product in products], np.int64),
        np.full(len(products), KINDS.index(kind), np.int64),
        np.full(len(products), NO_TIME if now_ms is None else now_ms, np.int64),
        len(tensors.product_ids),
    )
    return _ranked(recommender, tensors, list(sessions), queries, k, now_ms, keep_seen)


def explain(
    recommender: VectorRecommender,
    tensors: ShopTensors,
    user_id: str,
    product_ids: Sequence[str],
    now_ms: int | None = None,
) -> pd.DataFrame:
    """What a user's scores of products owe to what: columns product_id, part, because, amount.

    ``part`` is bias (what the product scores with anybody), vectors or neighbours (the sparse
    term); of these two ``amount`` is what the score loses without all the user did with
    ``because``, exact for each by itself. The largest amount of a product comes first.

    Raises:
        ValueError: naming a user or product that is not there.
    """
    users = {key: row for row, key in enumerate(tensors.user_ids)}
    rows = {key: row for row, key in enumerate(tensors.product_ids)}
    if user_id not in users:
        raise ValueError(f"No user {user_id!r} among the {len(users)} of the graph")
    if unknown := [product for product in product_ids if product not in rows]:
        raise ValueError(f"No product {unknown[0]!r} among the {len(rows)} of the graph")
    wanted = np.array([rows[product] for product in product_ids], np.int64)
    queries = histories_of(tensors.data).take(np.array([users[user_id]], np.int64))
    now = None if now_ms is None else np.array([now_ms], np.int64)
    found = explanation.explain(recommender, queries, now, wanted[None, :])
    bias = recommender.bias.numpy()
    table = [
        {"product_id": product, "part": part, "because": because, "amount": float(amount)}
        for place, product in enumerate(product_ids)
        for part, because, amount in [
            ("bias", None, bias[wanted[place]]),
            *(
                (part, tensors.product_ids[known], loss[0, at, place])
                for part, loss in (("vectors", found.vectors), ("neighbours", found.neighbours))
                for at, known in enumerate(found.known[0])
                if known >= 0
            ),
        ]
    ]
    frame = pd.DataFrame(table, columns=["product_id", "part", "because", "amount"])
    order = frame["product_id"].map({product: i for i, product in enumerate(product_ids)})
    return (
        frame.assign(order=order)
        .sort_values(["order", "amount"], ascending=[True, False], kind="stable")
        .drop(columns="order")
        .reset_index(drop=True)
    )


def _ranked(
    recommender: Recommender,
    tensors: ShopTensors,
    names: list[str],
    queries: Histories,
    k: int,
    now_ms: int | None,
    keep_seen: bool,
) -> pd.DataFrame:
    offered = tensors.data["product"].offered.numpy()
    parts = []
    for start in range(0, len(queries), BLOCK_ROWS):
        rows = np.arange(start, min(start + BLOCK_ROWS, len(queries)), dtype=np.int64)
        block = queries.take(rows)
        now = None if now_ms is None else np.full(len(rows), now_ms, np.int64)
        scores = recommender.score(block, now)
        scores[:, ~offered] = -np.inf
        if not keep_seen:
            seen = block.keep(block.kind == KINDS.index("purchase"))
            scores[seen.row, seen.product] = -np.inf
        best = best_products(scores, k)
        place, rank = np.nonzero(best >= 0)
        product = best[place, rank]
        parts.append(
            pd.DataFrame(
                {
                    "user_id": [names[row] for row in rows[place]],
                    "rank": rank + 1,
                    "product_id": [tensors.product_ids[row] for row in product],
                    "score": scores[place, product],
                }
            )
        )
    columns = ["user_id", "rank", "product_id", "score"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
