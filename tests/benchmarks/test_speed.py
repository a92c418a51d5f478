"""The speed benchmarks on little data: both ways do the same work, and every ratio is there."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import readout, retrain, writeback
from benchmarks.measured import Measured
from benchmarks.published import Part
from kg.connection import Graph
from kg.publish import write_recommendations
from kg.read import read_behaviour, read_text_vectors
from kg.vectors import ensure_vector_index, write_text_vectors

USERS, PRODUCTS = 30, 25


@pytest.fixture
def shop(graph: Graph) -> Graph:
    """Thirty users, twenty-five products, three purchases each, vectors of four dimensions."""
    with graph.driver.session(database=graph.database) as session:
        for label, key, count in (("User", "user_id", USERS), ("Product", "product_id", PRODUCTS)):
            session.run(
                f"UNWIND range(0, $count - 1) AS i CREATE (n:{label} {{idx: i}}) SET n.{key} = "
                "'k' + i",
                count=count,
            ).consume()
        session.run(
            "MATCH (u:User) UNWIND [1, 2, 3] AS step "
            "MATCH (p:Product {idx: (u.idx * step) % $products}) "
            "CREATE (u)-[:PURCHASED {line: step, position: step}]->(p)",
            products=PRODUCTS,
        ).consume()
    vectors = np.random.default_rng(0).random((PRODUCTS, 4), np.float32)
    ensure_vector_index(graph, "text", 4)
    write_text_vectors(graph, range(PRODUCTS), vectors, ["h"] * PRODUCTS, "m")
    return graph


def test_both_ways_of_reading_find_the_same(shop: Graph) -> None:
    events = read_behaviour(shop, USERS, None)["purchase"]
    ours = np.stack([events["user"], events["product"], np.zeros(90, int), events["place"]], axis=1)
    assert sorted(ours.tolist()) == sorted(readout.loop_edges(shop).tolist())
    text, has = read_text_vectors(shop, PRODUCTS, None)
    assert has.all()
    assert sorted(text.tolist()) == sorted(readout.loop_vectors(shop).tolist())
    told = Measured("readout")
    readout.measure(told, shop, USERS, PRODUCTS)
    assert told.ratios.keys() == {"edges_vs_driver_loop", "vectors_vs_driver_loop"}
    assert [row["name"].split("/")[0] for row in told.rows] == ["ours", "peer"] * 2


def test_both_ways_of_writing_leave_the_same_lists(shop: Graph) -> None:
    made = writeback.publication(USERS, PRODUCTS)
    lists = (
        "MATCH (u:User)-[r:RECOMMENDED]->(p:Product) "
        "RETURN u.idx AS u, p.idx AS p, r.rank AS rank, r.score AS score, r.run_id AS run_id "
        "ORDER BY u, rank"
    )
    found = []
    for write in (write_recommendations, writeback.write_by_maps):
        shop.run("write/delete_recommendations", keep=[])
        write(shop, made)
        with shop.driver.session(database=shop.database) as session:
            found.append(session.run(lists).data())
    assert found[0] == found[1]
    assert len(found[0]) == USERS * 20


def test_a_share_of_the_pairs_is_held_back_and_nobody_loses_all() -> None:
    train = Part(["a", "b"], [[str(i) for i in range(1000)], ["x"]], [])
    first, late = retrain.divide(train, 0.1)
    assert [sorted(k + h) for k, h in zip(first.histories, late.histories, strict=True)] == [
        sorted(history) for history in train.histories
    ]
    assert 60 < len(late.histories[0]) < 140
    assert late.histories[1] == []
