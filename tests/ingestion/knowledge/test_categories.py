from __future__ import annotations

import pandas as pd

from ingestion.knowledge.categories import Category, Finding, check_tree, findings
from kg.connection import Graph
from kg.write import finish_load, merge_table


def test_a_tree_as_its_paths_say_has_no_findings() -> None:
    tree = [
        Category("A", (), 0),
        Category("A > B", ("A",), 0),
        Category("A > B > C", ("A > B",), 2),
        Category("D", (), 1),
    ]
    assert findings(tree) == []


def test_everything_that_is_no_tree_is_told_and_in_order() -> None:
    dirty = [
        Category("A", ("A > B",), 1),
        Category("A > B", ("A",), 0),
        Category("A > C", (), 1),
        Category("A > D", ("A", "E"), 1),
        Category("E", (), 0),
        Category("F", ("F",), 1),
        Category("G > H > I", ("G > H",), 0),
        Category("Shoes", (), 1),
        Category("shoes ", (), 1),
        Category("A > Shoes", ("A",), 1),
    ]
    assert findings(dirty) == [
        Finding("cycle", ("A", "A > B")),
        Finding("cycle", ("F",)),
        Finding("several-parents", ("A > D",)),
        Finding("other-parent", ("A",)),
        Finding("other-parent", ("A > D",)),
        Finding("other-parent", ("F",)),
        Finding("orphan", ("A > C",)),
        Finding("empty", ("G > H > I",)),
        Finding("alike", ("Shoes", "shoes ")),
    ]


def test_a_loaded_shop_is_checked_and_left_as_it_is(graph: Graph) -> None:
    frame = pd.DataFrame(
        {"product_id": ["p", "q"], "category": [["A > B"], ["A > C", "a"]], "line": [2, 3]}
    )
    merge_table(graph, "products", frame, pd.Timestamp("2026-01-01", tz="UTC").to_pydatetime())
    finish_load(graph)
    assert check_tree(graph) == [Finding("alike", ("A", "a"))]
    query = "MATCH (c:Category {path: $path})-[r:SUBCATEGORY_OF]->() DELETE r"
    graph.driver.execute_query(query, path="A > C", database_=graph.database)
    assert check_tree(graph) == [Finding("orphan", ("A > C",)), Finding("alike", ("A", "a"))]
