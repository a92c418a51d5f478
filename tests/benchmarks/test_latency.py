"""The latency benchmark on a shop of four products: what it counts, whatever fits."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from benchmarks.big_shop import BigShop
from benchmarks.latency import recall
from benchmarks.measured import Measured
from kg.connection import Graph
from kg.numbering import number_nodes
from kg.publish import Publication, publish

IDS = ["a", "b", "c", "d"]


@pytest.fixture
def shop(graph: Graph) -> BigShop:
    """Four products that cost 1 to 4, of which nobody has any left, and a live run."""
    with graph.driver.session(database=graph.database) as session:
        session.run(
            "UNWIND range(0, 3) AS i CREATE (p:Product {in_stock: false}) "
            "SET p.product_id = $ids[i], p.price = i + 1.0",
            ids=IDS,
        ).consume()
    number_nodes(graph, "products")
    vectors = np.array([[1, 0, 1, 1], [1, 1, 1, 1], [0, 1, 1, 1], [-1, 1, 1, 1]], np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    nobody = np.zeros((0, 4), np.float32)
    lists, scores = np.zeros((0, 2), np.int64), np.zeros((0, 2), np.float32)
    run = Publication("run", {}, nobody, vectors, lists, scores)
    publish(graph, run, datetime(2026, 1, 1, tzinfo=UTC))
    return BigShop([], IDS, vectors)


def shares(graph: Graph, shop: BigShop) -> dict[str, float]:
    told = Measured("latency")
    recall(told, graph, shop)
    return {row["name"].removeprefix("ours/similar_products/"): row["value"] for row in told.rows}


def test_where_nothing_fits_nothing_is_missed(graph: Graph, shop: BigShop) -> None:
    assert shares(graph, shop) == {"recall@20": 1.0, "filtered/recall@20": 1.0}


def test_recall_is_the_share_of_what_is_nearest_that_is_found(graph: Graph, shop: BigShop) -> None:
    with graph.driver.session(database=graph.database) as session:
        session.run("MATCH (p:Product) SET p.in_stock = true").consume()
        assert shares(graph, shop) == {"recall@20": 1.0, "filtered/recall@20": 1.0}
        # One of the four is no longer found: each of the others misses it among its three.
        session.run("MATCH (p:Product {product_id: 'd'}) SET p.delisted = true").consume()
    assert shares(graph, shop)["recall@20"] == pytest.approx(9 / 12)


def test_prices_may_be_missing(graph: Graph, shop: BigShop) -> None:
    with graph.driver.session(database=graph.database) as session:
        session.run("MATCH (p:Product) REMOVE p.price").consume()
    assert shares(graph, shop)["filtered/recall@20"] == 1.0
