"""Readout: events and text vectors from Neo4j into tensors, beside the usual loop over records."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import typer

from benchmarks.measured import DEFAULT_DATA, AsJson, Data, Measured, load_path, seconds_of
from benchmarks.store import temporary_store
from kg.connection import Graph
from kg.read import read_behaviour, read_text_vectors
from kg.vectors import ensure_vector_index, write_text_vectors

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

#: Vectors that the peer is timed on, written for the purpose where products have none.
VECTORS = 20_000
DIMENSIONS = 384


@app.command(epilog="Example: shopgraph benchmark readout ../shared/data/gowalla --json")
def readout(path: Data = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Load PATH into a store of its own and read it back, packed and record by record."""
    told = Measured("readout")
    with temporary_store() as (workspace, graph):
        load_path(graph, workspace, path)
        counts = graph.read("read/count_rows")[0]
        products = min(counts["products"], VECTORS)
        vectors = np.random.default_rng(0).standard_normal((products, DIMENSIONS), np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        ensure_vector_index(graph, "text", DIMENSIONS)
        write_text_vectors(graph, range(products), vectors, ["x"] * products, "benchmark")
        measure(told, graph, counts["users"], counts["products"])
    told.tell(as_json)


def measure(told: Measured, graph: Graph, users: int, products: int) -> None:
    """Time both ways on a store that both have read once."""
    found: list[int] = []

    def packed() -> None:
        events = read_behaviour(graph, users, None)
        found[:] = [sum(len(columns["user"]) for columns in events.values())]

    packed()
    ours, peer = seconds_of(packed, 3), seconds_of(lambda: loop_edges(graph))
    told.add("ours/edges", found[0] / ours, "edges/s")
    told.add("peer/edges/driver-loop", found[0] / peer, "edges/s")
    told.ratios["edges_vs_driver_loop"] = peer / ours
    has: list[torch.Tensor] = []

    def vectors() -> None:
        has[:] = [read_text_vectors(graph, products, None)[1]]

    vectors()
    ours, peer = seconds_of(vectors, 3), seconds_of(lambda: loop_vectors(graph))
    count = int(has[0].sum())
    told.add("ours/vectors", count / ours, "vectors/s")
    told.add("peer/vectors/driver-loop", count / peer, "vectors/s")
    told.ratios["vectors_vs_driver_loop"] = peer / ours


def loop_edges(graph: Graph) -> torch.Tensor:
    """What most people write: append what each record says, then make a tensor of it."""
    rows: list[list[Any]] = []
    graph.stream(
        "benchmark/edges_one_by_one",
        lambda record: rows.append(
            [record["user"], record["product"], record["time_ms"] or 0, record["place"] or 0]
        ),
    )
    return torch.tensor(rows)


def loop_vectors(graph: Graph) -> torch.Tensor:
    """The same for vectors."""
    rows: list[Any] = []
    graph.stream(
        "benchmark/vectors_one_by_one",
        lambda record: rows.append(np.array(record["vector"], np.float32)),
    )
    return torch.from_numpy(np.stack(rows))
