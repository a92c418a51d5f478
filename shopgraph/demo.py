"""The whole main job on a simulated shop, told line by line."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gnn.checkpoints import Checkpoints
from gnn.runs import list_runs
from ingestion.load import load
from kg.connection import Graph
from kg.publish import read_live_run
from kg.queries import find_query, run_query
from shopgraph import comparison, pipeline, publishing
from shopgraph.evaluation import evaluate_run
from shopgraph.options import render_rows
from shopgraph.progress import progress
from shopgraph.simulation.shop import simulate
from shopgraph.workspace import own

SHOWN_USERS = 3
SHOWN_PRODUCTS = 5


def run_demo(home: Path, users: int, products: int, seed: int, language: str) -> Iterator[str]:
    """Simulate, ingest, embed, train, evaluate, publish and query; yields what to show.

    The store in ``home`` is the demo's own. Run again, whatever is there is kept: equal tables
    add nothing, and a run that is live and still fits is not trained anew.
    """
    began = time.monotonic()
    tables = home / f"shop-{users}-{products}-{seed}-{language}"
    if not tables.exists():
        yield f"Simulating a shop with {users} users and {products} products …"
        partial = tables.with_suffix(".partial")
        simulate(partial, users=users, products=products, seed=seed, language=language)
        partial.rename(tables)
    yield f"The shop's tables, an example of the format: {tables}"
    workspace = own(home)
    server = workspace.start(usual_ports=False)
    with workspace.open() as graph:
        with progress("loading") as advance:
            loaded = load(graph, tables, rejects_dir=workspace.rejects, progress=advance)
        yield (
            f"Ingested: {loaded.read} rows, {loaded.written} new, {loaded.unchanged} unchanged, "
            f"{sum(loaded.rejected.values())} rejected, in {loaded.seconds:.0f} s"
        )
        embedded = pipeline.embed(graph)
        yield (
            f"Embedded: {embedded.encoded} texts, {embedded.unchanged} unchanged, "
            f"in {embedded.seconds:.0f} s"
        )
        live = read_live_run(graph)
        if loaded.written or embedded.encoded or live not in list_runs(workspace.runs):
            kept = Checkpoints(workspace.checkpoints)
            run = pipeline.train(graph, workspace.runs, checkpoints=kept)
            yield f"Trained: run {run.run_id} in {run.seconds:.0f} s"
            yield comparison.render(evaluate_run(graph, run))
            published = publishing.publish_run(graph, workspace.runs, run)
            yield (
                f"Published: {published.recommendations} recommendations "
                f"for {published.users} users"
            )
        else:
            yield f"Nothing has changed: run {live} stays live"
        yield from show_users(graph, language)
    yield f"\nDone in {time.monotonic() - began:.0f} s. The server stays up:"
    yield f"  Neo4j Browser  {server.browser}"
    yield f"  user           {server.user}"
    yield f"  password       in {server.password_file}"


def show_users(graph: Graph, language: str) -> Iterator[str]:
    """Recommendations of a few users, by the shipped Cypher, each with its weightiest reason."""
    for user in graph.read("read/active_users", k=SHOWN_USERS):
        user_id = user["user_id"]
        params: dict[str, Any] = {"user_id": user_id, "language": language, "k": SHOWN_PRODUCTS}
        rows = [
            {key: row[key] for key in ("rank", "product_id", "title", "price", "score")}
            | {"because": (row["reasons"] or ["popular now"])[0]}
            for row in run_query(graph, find_query("reasons"), params)
        ]
        yield f"\nFor user {user_id}:\n{render_rows(rows)}"
