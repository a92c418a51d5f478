"""Write-back: a run's recommendations into Neo4j, beside the usual UNWIND of maps."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import typer

from benchmarks.measured import DEFAULT_DATA, AsJson, Data, Measured, load_path, seconds_of
from benchmarks.store import temporary_store
from kg.connection import Graph
from kg.publish import Publication, publish, write_recommendations

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

#: Recommendations a user, users at most: 600,000 relationships.
TOP = 20
USERS = 30_000

#: Maps a transaction, as tutorials have it.
BATCH = 1_000


@app.command(epilog="Example: shopgraph benchmark writeback ../shared/data/gowalla --json")
def writeback(path: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Load PATH into a store of its own and write 20 recommendations a user in both ways."""
    told = Measured("writeback")
    with temporary_store() as (workspace, graph):
        load_path(graph, workspace, path)
        counts = graph.read("read/count_rows")[0]
        made = publication(min(counts["users"], USERS), counts["products"])
        total = float(made.products.size)
        # In turns, so that neither always finds the emptier store.
        graph.run("write/delete_recommendations", keep=[])
        ours = seconds_of(lambda: write_recommendations(graph, made))
        graph.run("write/delete_recommendations", keep=[])
        peer = seconds_of(lambda: write_by_maps(graph, made))
        graph.run("write/delete_recommendations", keep=[])
        ours = min(ours, seconds_of(lambda: write_recommendations(graph, made)))
        graph.run("write/delete_recommendations", keep=[])
        whole = seconds_of(lambda: publish(graph, made, datetime.now(UTC)))
    told.add("ours/recommended", total / ours, "relationships/s")
    told.add("peer/recommended/unwind-maps", total / peer, "relationships/s")
    told.add("ours/publish", whole, "s")
    told.ratios["recommended_vs_unwind_maps"] = peer / ours
    told.tell(as_json)


def publication(users: int, products: int) -> Publication:
    """Lists as a run has them: popular products stand in many."""
    rng = np.random.default_rng(0)
    starts = (rng.random(users) ** 3 * products).astype(np.int64)
    lists = (starts[:, None] + 7 * np.arange(TOP)) % products
    scores = np.sort(rng.random((users, TOP), np.float32))[:, ::-1].copy()
    vectors = rng.standard_normal((max(users, products), 32), np.float32)
    return Publication(
        "20260101-000000-0000", {}, vectors[:users], vectors[:products], lists, scores
    )


def write_by_maps(graph: Graph, made: Publication) -> None:
    """What most people write."""
    users = {row["idx"]: row["id"] for row in _keys(graph, "read/users", len(made.products))}
    last = int(made.products.max()) + 1
    products = {row["idx"]: row["id"] for row in _keys(graph, "read/products", last)}
    rows = [
        {
            "user_id": users[user],
            "product_id": products[int(product)],
            "rank": rank,
            "score": float(score),
            "run_id": made.run_id,
        }
        for user, (own, scores) in enumerate(zip(made.products, made.scores, strict=True))
        for rank, (product, score) in enumerate(zip(own, scores, strict=True), start=1)
    ]
    for start in range(0, len(rows), BATCH):
        graph.write("benchmark/recommend_by_maps", rows=rows[start : start + BATCH])


def _keys(graph: Graph, name: str, rows: int) -> list[dict[str, object]]:
    record = graph.read(name, until=None, **{"from": 0, "to": rows})[0]
    pairs = zip(record["idx"], record["id"], strict=True)
    return [{"idx": idx, "id": key} for idx, key in pairs]
