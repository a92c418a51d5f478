from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from ingestion.knowledge.mine import MiningReport, mine_attributes
from ingestion.knowledge.resolve import resolve
from ingestion.knowledge.rules import load_rules
from kg.connection import Graph
from kg.vectors import read_product_texts
from kg.write import finish_load, merge_table

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RULES = load_rules()


def load(graph: Graph, *rows: tuple[str, str, list[str]]) -> int:
    frame = pd.DataFrame(rows, columns=["product_id", "title", "attributes"])
    frame["line"] = range(2, len(frame) + 2)
    written = merge_table(graph, "products", frame, NOW)
    finish_load(graph)
    return written


def attributes(graph: Graph) -> list[tuple[Any, ...]]:
    records, _, _ = graph.driver.execute_query(
        "MATCH (p:Product)-[r:HAS_ATTRIBUTE]->(a:Attribute) "
        "RETURN p.product_id, a.key, r.source, r.rule ORDER BY p.product_id, a.key",
        database_=graph.database,
    )
    return [tuple(record) for record in records]


SHOP: list[tuple[str, str, list[str]]] = [
    ("p1", "Red glass vase", []),
    ("p2", "Blue vase", ["Colour=Red"]),
    ("p3", "Red wooden box", ["material=Oak", "new"]),
]


def test_mined_attributes_are_told_apart_and_given_ones_are_not_doubted(graph: Graph) -> None:
    load(graph, *SHOP)
    assert mine_attributes(graph, RULES) == MiningReport(
        products=3, mined={"Colour": 2, "material": 1}, new=3, gone=0
    )
    assert attributes(graph) == [
        # Written as the shop writes it elsewhere.
        ("p1", "Colour=Red", "mined", "colour"),
        ("p1", "material=glass", "mined", "material"),
        ("p2", "Colour=Red", None, None),
        ("p3", "Colour=Red", "mined", "colour"),
        ("p3", "material=Oak", None, None),
        ("p3", "new", None, None),
    ]


def test_mining_again_writes_nothing_and_a_load_neither(graph: Graph) -> None:
    load(graph, *SHOP)
    mine_attributes(graph, RULES)
    before = attributes(graph)
    again = mine_attributes(graph, RULES)
    assert (again.new, again.gone) == (0, 0)
    assert load(graph, *SHOP) == 0
    assert attributes(graph) == before


def test_mining_anew_replaces_only_what_was_mined(graph: Graph, tmp_path: Path) -> None:
    load(graph, *SHOP)
    mine_attributes(graph, RULES)
    own = tmp_path / "own.yaml"
    own.write_text("colour: {skip: true}\nform: {attribute: form, words: {vase: []}}")
    report = mine_attributes(graph, load_rules(own))
    assert report == MiningReport(products=3, mined={"form": 2, "material": 1}, new=2, gone=2)
    assert attributes(graph) == [
        ("p1", "form=vase", "mined", "form"),
        ("p1", "material=glass", "mined", "material"),
        ("p2", "Colour=Red", None, None),
        ("p2", "form=vase", "mined", "form"),
        ("p3", "material=Oak", None, None),
        ("p3", "new", None, None),
    ]
    own.write_text("colour: {skip: true}\nmaterial: {skip: true}")
    mine_attributes(graph, load_rules(own))
    # What only mining had made is gone with it; what the shop gave stays.
    keys = graph.driver.execute_query(
        "MATCH (a:Attribute) RETURN a.key AS key ORDER BY key", database_=graph.database
    ).records
    assert [record["key"] for record in keys] == ["Colour=Red", "material=Oak", "new"]


def test_what_is_given_later_takes_the_place_of_what_was_mined(graph: Graph) -> None:
    load(graph, *SHOP)
    mine_attributes(graph, RULES)
    load(graph, ("p1", "Red glass vase", ["Colour=Red"]))
    assert ("p1", "Colour=Red", None, None) in attributes(graph)
    assert ("p1", "Colour=Red", "mined", "colour") not in attributes(graph)


def test_mining_and_resolving_come_to_rest(graph: Graph) -> None:
    load(graph, ("p1", "Red box", []), ("p2", "Box", ["colour=blue"]))
    mine_attributes(graph, RULES)
    # The shop's own way of writing it comes only now.
    load(graph, ("p3", "Box", ["Colour=RED"]))
    resolve(graph, NOW)
    mine_attributes(graph, RULES)
    assert attributes(graph) == [
        ("p1", "Colour=RED", "mined", "colour"),
        ("p2", "colour=blue", None, None),
        ("p3", "Colour=RED", None, None),
    ]
    before = attributes(graph)
    assert resolve(graph, NOW)["attribute"].merged == 0
    assert mine_attributes(graph, RULES).new == 0
    assert attributes(graph) == before


def test_the_text_that_is_encoded_does_not_say_twice_what_was_mined(graph: Graph) -> None:
    load(graph, *SHOP)
    before = list(read_product_texts(graph))
    mine_attributes(graph, RULES)
    assert list(read_product_texts(graph)) == before
