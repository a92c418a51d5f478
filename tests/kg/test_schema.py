from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kg.connection import Graph
from kg.errors import SchemaTooNew
from kg.schema import migrate, read_schema_version, schema_files

NODE_KEYS = {
    "User": "user_id",
    "Product": "product_id",
    "Brand": "name",
    "Category": "path",
    "Attribute": "key",
    "Order": "order_id",
    "Query": "text",
    "BrandAlias": "name",
    "AttributeAlias": "key",
    "ProductFacts": "facts_id",
    "Tombstone": "key",
    "Audience": "key",
    "VectorSlot": "slot",
}
EVENTS = {"VIEWED", "CLICKED", "CARTED", "PURCHASED", "RETURNED", "RATED", "REVIEWED"}

NEWEST = max(schema_files())

Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def bare(graph: Graph) -> Iterator[Graph]:
    """The graph without any schema; afterwards it has it again."""
    rewind(graph)
    yield graph
    rewind(graph)
    migrate(graph)


def rewind(graph: Graph) -> None:
    with graph.driver.session(database=graph.database) as session:
        for name in session.run("SHOW CONSTRAINTS YIELD name").value():
            session.run(f"DROP CONSTRAINT {name}").consume()
        for name in session.run(
            "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name"
        ).value():
            session.run(f"DROP INDEX {name}").consume()
        session.run("MATCH (s:ShopgraphSchema) DELETE s").consume()


def constraints(graph: Graph) -> set[tuple[str, str, str, str]]:
    with graph.driver.session(database=graph.database) as session:
        rows = session.run("SHOW CONSTRAINTS YIELD type, entityType, labelsOrTypes, properties")
        return {(kind, entity, types[0], names[0]) for kind, entity, types, names in rows}


def indexes(graph: Graph) -> set[tuple[str, str, str]]:
    with graph.driver.session(database=graph.database) as session:
        rows = session.run(
            "SHOW INDEXES YIELD labelsOrTypes, properties, state, owningConstraint "
            "WHERE owningConstraint IS NULL AND labelsOrTypes IS NOT NULL "
            "RETURN labelsOrTypes, properties, state"
        )
        return {(types[0], names[0], state) for types, names, state in rows if types}


def test_every_key_of_the_contract_is_unique_from_nothing_on(bare: Graph) -> None:
    assert read_schema_version(bare) == 0
    assert migrate(bare) == NEWEST == len(schema_files())
    assert read_schema_version(bare) == NEWEST
    nodes = {("NODE_PROPERTY_UNIQUENESS", "NODE", *key) for key in NODE_KEYS.items()}
    runs = {("NODE_PROPERTY_UNIQUENESS", "NODE", "RunKey", "run_id")}
    links = {
        ("RELATIONSHIP_PROPERTY_UNIQUENESS", "RELATIONSHIP", kind, "interaction_id")
        for kind in EVENTS | {"SEARCHED", "FOUND", "CONTAINS"}
    }
    assert constraints(bare) == nodes | runs | links
    rows = ("User", "Product", "Brand", "Category", "Attribute")
    ordered = {("Product", "trend"), ("Product", "popularity"), ("Product", "title")}
    timed = {(kind, "occurred_at") for kind in ("VIEWED", "CLICKED", "CARTED", "PURCHASED")}
    expected = {(label, "idx") for label in rows} | ordered | timed
    assert indexes(bare) == {(*index, "ONLINE") for index in expected}


def test_a_second_time_applies_nothing(bare: Graph) -> None:
    migrate(bare)
    before = constraints(bare)
    assert migrate(bare) == 0
    assert constraints(bare) == before


@pytest.mark.parametrize("recorded", [True, False])
def test_a_migration_that_broke_off_is_taken_up_where_it_was(bare: Graph, recorded: bool) -> None:
    files = schema_files()
    for number in (1, 2, 3):
        bare.run(files[number])
        if recorded or number < 3:
            bare.write("schema/write_version", version=number)
    assert migrate(bare) == NEWEST - 3 + (not recorded)
    assert read_schema_version(bare) == NEWEST
    assert len(constraints(bare)) == len(NODE_KEYS) + 1 + len(EVENTS) + 3


def test_the_graph_of_a_newer_program_is_refused_and_left_alone(graph: Graph) -> None:
    graph.write("schema/write_version", version=NEWEST + 1)
    try:
        with pytest.raises(SchemaTooNew) as caught:
            migrate(graph)
        assert read_schema_version(graph) == NEWEST + 1
    finally:
        graph.write("schema/write_version", version=NEWEST)
    assert str(caught.value) == (
        f"This graph has schema {NEWEST + 1}, this program knows {NEWEST}: "
        "use the newer shopgraph that wrote it"
    )


def test_runs_published_before_slots_had_nodes_get_them(graph: Graph, ask: Ask) -> None:
    ask("CREATE (:ModelRun {run_id: 'new', live: true, slot: 'b', keep_seen: true})")
    ask("CREATE (:ModelRun {run_id: 'former', live: false, slot: 'a', keep_seen: false})")
    ask("CREATE (:ModelRun {run_id: 'old', live: false})")
    graph.write("schema/write_version", version=35)
    migrate(graph)
    rows = ask("MATCH (s:VectorSlot) RETURN s.slot, s.run_id, s.keep_seen ORDER BY s.slot")
    assert rows == [("a", "former", False), ("b", "new", True)]


def test_files_are_numbered_without_a_gap() -> None:
    assert list(schema_files()) == list(range(1, NEWEST + 1))


def test_no_index_leads_from_a_recommendation_to_its_run(graph: Graph) -> None:
    # With one the planner may look each recommendation's run up, and see two runs in one answer.
    names = {(label, name) for _, _, label, name in constraints(graph)}
    names |= {(label, name) for label, name, _ in indexes(graph)}
    assert not [name for label, name in names if label == "ModelRun"]
