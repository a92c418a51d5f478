"""A new product, with a text and nothing else, is on the pages after ``embed``."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from kg.connection import Graph
from shopgraph.simulation.shop import simulate

VECTORS = """
MATCH (run:ModelRun {live: true})
MATCH (p:Product) WHERE p.vector_a IS NOT NULL
RETURN p.product_id, p.vector_a, run.product_length
"""


def read(graph: Graph, cypher: str) -> list[list[Any]]:
    with graph.session("READ") as session:
        return session.run(cypher).values()  # type: ignore[arg-type]


def test_a_new_product_is_found_by_every_road_without_training(person: Any, graph: Graph) -> None:
    tables = person.folder / "shop"
    simulate(tables, users=80, products=60)
    settings = {"model": {"dim": 32}, "training": {"epochs": 3}}
    (person.folder / "small.json").write_text(json.dumps(settings))
    person.succeed("ingest", tables)
    assert person.succeed("embed")["placed"] == 0
    run = person.succeed("train", "--config", person.folder / "small.json")
    person.succeed("publish", run["run_id"])
    before = {row[0]: row[1] for row in read(graph, VECTORS)}

    (old,) = read(
        graph,
        "MATCH (p:Product) WHERE p.trend > 0 AND p.in_stock AND p.description IS NOT NULL "
        "RETURN p.product_id, p.title, p.description, p.price ORDER BY p.trend DESC LIMIT 1",
    )
    new = person.folder / "new"
    new.mkdir()
    (new / "products.csv").write_text(
        "product_id,title,description,price,stock\n"
        f'newcomer,"{old[1]}, second edition","{old[2]}",{old[3]},9\n'
    )
    assert person.succeed("ingest", new)["written"] == 1
    unseen = person.succeed("query", "unseen")["rows"]
    assert "newcomer" not in {row["product_id"] for row in unseen}
    answer = person.succeed("embed")
    assert (answer["encoded"], answer["placed"]) == (1, 1)

    after = {row[0]: row[1] for row in read(graph, VECTORS)}
    length = read(graph, VECTORS)[0][2]
    vector = np.array(after.pop("newcomer"))
    # What is delisted left with the load.
    assert after == {name: before[name] for name in after}
    assert (
        np.linalg.norm(vector) == np.float32(length).item()
        or abs(np.linalg.norm(vector) - length) < 1e-3 * length
    )
    near = person.succeed("query", "similar_products", "product_id=newcomer", "--k", "5")["rows"]
    assert len(near) == 5
    assert (
        person.succeed("query", "similar_by_text", "product_id=newcomer", "--k", "1")["rows"][0][
            "product_id"
        ]
        == old[0]
    )
    unseen = person.succeed("query", "unseen", "user_id=u0001")["rows"]
    assert "newcomer" in {row["product_id"] for row in unseen}
    found = person.succeed("query", "search", f"text={old[1]}", "--k", "5")["rows"]
    assert "newcomer" in {row["product_id"] for row in found}
    home = [
        row
        for user in ("u0001", "u0002", "u0003", "u0004", "u0005")
        for row in person.succeed("query", "home", f"user_id={user}", "--k", "60")["rows"]
    ]
    assert {row["source"] for row in home if row["product_id"] == "newcomer"} == {"new"}
    # Once more changes nothing.
    assert person.succeed("embed")["encoded"] == 0
