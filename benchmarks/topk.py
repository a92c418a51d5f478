"""Top-k: every user's best products, exact, seen left out, beside implicit's recommend."""

from __future__ import annotations

import os

import numpy as np
import scipy.sparse as sp
import typer
from implicit.cpu.als import AlternatingLeastSquares
from threadpoolctl import threadpool_limits

from benchmarks.measured import DEFAULT_DATA, AsJson, Data, Measured, load_path, seconds_of
from benchmarks.store import temporary_store
from gnn.histories import IntArray
from gnn.inference import best_of_factors
from gnn.recommender import FloatArray
from gnn.tensors import histories_of
from kg.read import read_tensors

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

TOP = 20
DIMENSIONS = 128


@app.command(epilog="Example: shopgraph benchmark topk ../shared/data/gowalla --json")
def topk(path: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Load PATH into a store of its own, then rank all products for all users in both ways."""
    told = Measured("topk")
    with temporary_store() as (workspace, graph):
        load_path(graph, workspace, path)
        seen = histories_of(read_tensors(graph, None).data).matrix()
    rng = np.random.default_rng(0)
    users, products = (
        rng.standard_normal((rows, DIMENSIONS), np.float32) / DIMENSIONS**0.5 for rows in seen.shape
    )
    ours = seconds_of(lambda: best_of_factors(users, products, seen, TOP), 2)
    peer = seconds_of(lambda: by_implicit(users, products, seen), 2)
    mine, theirs = best_of_factors(users, products, seen, TOP), by_implicit(users, products, seen)
    same = float((mine == theirs).mean())
    told.add("ours/topk", len(users) / ours, "users/s")
    told.add("peer/topk/implicit", len(users) / peer, "users/s")
    told.add("ours/topk/same-as-peer", same, "share")
    told.ratios["topk_vs_implicit"] = peer / ours
    told.tell(as_json)


def by_implicit(users: FloatArray, products: FloatArray, seen: sp.csr_array) -> IntArray:
    """The peer's answer for the same factors, on all cores."""
    # implicit asks for a single BLAS thread: its own are enough.
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(factors=users.shape[1], num_threads=os.cpu_count() or 1)
        model.user_factors, model.item_factors = users, products
        found, _ = model.recommend(
            np.arange(len(users)), sp.csr_matrix(seen), N=TOP, filter_already_liked_items=True
        )
    return np.asarray(found, np.int64)
