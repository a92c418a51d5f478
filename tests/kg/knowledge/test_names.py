from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.connection import CYPHER, Graph
from kg.errors import UnknownName
from kg.knowledge.names import (
    Alias,
    Name,
    merge_alias,
    read_apart,
    read_names,
    undo_alias,
    write_aliases,
)
from kg.write import finish_load, merge_table

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)

Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def ask(graph: Graph) -> Ask:
    def run(cypher: str, /, **params: Any) -> list[tuple[Any, ...]]:
        records, _, _ = graph.driver.execute_query(cypher, params, database_=graph.database)  # type: ignore[arg-type]
        return [tuple(record) for record in records]

    return run


@pytest.fixture
def snapshot(ask: Ask) -> Callable[[], list[str]]:
    """Everything in the graph but who was parted from whom."""

    def everything() -> list[str]:
        nodes = ask("MATCH (n) RETURN labels(n), properties(n)")
        links = ask(
            "MATCH (a)-[r]->(b) WHERE type(r) <> 'DISTINCT_FROM' "
            "RETURN properties(a), type(r), properties(r), labels(b), properties(b)"
        )
        return sorted(map(repr, nodes + links))

    return everything


def load(graph: Graph, *rows: tuple[str, str, list[str]]) -> int:
    """Products with their brand and attributes."""
    frame = pd.DataFrame(rows, columns=["product_id", "brand", "attributes"])
    frame["line"] = range(2, len(frame) + 2)
    written = merge_table(graph, "products", frame, NOW)
    finish_load(graph)
    return written


SHOP: list[tuple[str, str, list[str]]] = [
    ("p1", "L'Oréal", ["colour=red", "new"]),
    ("p2", "L'OREAL", ["Colour=Red"]),
    ("p3", "L'Oréal", ["Colour=Red", "colour=red"]),
    ("p4", "l’oreal", []),
    ("p5", "Avon", ["new"]),
]
TO_LOREAL = {
    "L'OREAL": Alias("L'Oréal", "exact", 1.0),
    "l’oreal": Alias("L'Oréal", "exact", 1.0),
}

BRANDS = (
    "MATCH (p:Product)-[r:MADE_BY]->(b:Brand) "
    "RETURN p.product_id, b.name, r.alias ORDER BY p.product_id"
)


def test_aliases_become_one_brand_that_knows_them(graph: Graph, ask: Ask) -> None:
    load(graph, *SHOP)
    assert write_aliases(graph, "brand", {}, TO_LOREAL, NOW) == (2, 0)
    assert ask("MATCH (b:Brand) RETURN b.name, b.aliases ORDER BY b.name") == [
        ("Avon", None),
        ("L'Oréal", ["L'OREAL", "l’oreal"]),
    ]
    assert ask(BRANDS) == [
        ("p1", "L'Oréal", None),
        ("p2", "L'Oréal", "L'OREAL"),
        ("p3", "L'Oréal", None),
        ("p4", "L'Oréal", "l’oreal"),
        ("p5", "Avon", None),
    ]
    assert read_names(graph, "brand") == [
        Name("Avon", 1),
        Name("L'OREAL", 1, "L'Oréal", "exact", 1.0, NOW),
        Name("L'Oréal", 2),
        Name("l’oreal", 1, "L'Oréal", "exact", 1.0, NOW),
    ]


def test_a_product_keeps_both_ways_of_writing_an_attribute(graph: Graph, ask: Ask) -> None:
    load(graph, *SHOP)
    wanted = {"Colour=Red": Alias("colour=red", "exact", 1.0)}
    assert write_aliases(graph, "attribute", {}, wanted, NOW) == (1, 0)
    assert ask(
        "MATCH (p:Product)-[r:HAS_ATTRIBUTE]->(a:Attribute {key: 'colour=red'}) "
        "RETURN p.product_id, r.alias ORDER BY p.product_id, r.alias"
    ) == [("p1", None), ("p2", "Colour=Red"), ("p3", "Colour=Red"), ("p3", None)]
    assert [(n.name, n.products) for n in read_names(graph, "attribute")] == [
        ("Colour=Red", 2),
        ("colour=red", 2),
        ("new", 2),
    ]


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("brand", TO_LOREAL), ("attribute", {"Colour=Red": Alias("colour=red", "exact", 1.0)})],
)
def test_undoing_restores_exactly_what_was_there(
    graph: Graph, snapshot: Callable[[], list[str]], kind: str, wanted: dict[str, Alias]
) -> None:
    load(graph, *SHOP)
    before = snapshot()
    write_aliases(graph, kind, {}, wanted, NOW)
    assert snapshot() != before
    present = {name: alias.canonical for name, alias in wanted.items()}
    assert write_aliases(graph, kind, present, {}, LATER) == (0, len(wanted))
    assert snapshot() == before


def test_another_canonical_name_takes_over_the_whole_group(graph: Graph, ask: Ask) -> None:
    load(graph, *SHOP)
    write_aliases(graph, "brand", {}, TO_LOREAL, NOW)
    present = {name: alias.canonical for name, alias in TO_LOREAL.items()}
    wanted = {name: Alias("L'OREAL", "exact", 1.0) for name in ("L'Oréal", "l’oreal")}
    assert write_aliases(graph, "brand", present, wanted, LATER) == (2, 1)
    assert ask("MATCH (b:Brand) WHERE b.aliases IS NOT NULL RETURN b.name, b.aliases") == [
        ("L'OREAL", ["L'Oréal", "l’oreal"])
    ]
    assert ("p1", "L'OREAL", "L'Oréal") in ask(BRANDS)
    assert ("p2", "L'OREAL", None) in ask(BRANDS)


def test_a_load_that_brings_an_alias_again_changes_nothing(
    graph: Graph, snapshot: Callable[[], list[str]]
) -> None:
    load(graph, *SHOP)
    write_aliases(graph, "brand", {}, TO_LOREAL, NOW)
    red = {"Colour=Red": Alias("colour=red", "exact", 1.0)}
    write_aliases(graph, "attribute", {}, red, NOW)
    before = snapshot()
    assert load(graph, *SHOP) == 0
    assert snapshot() == before


def test_a_new_product_of_an_alias_joins_the_canonical_brand(graph: Graph, ask: Ask) -> None:
    load(graph, *SHOP)
    write_aliases(graph, "brand", {}, TO_LOREAL, NOW)
    red = {"Colour=Red": Alias("colour=red", "exact", 1.0)}
    write_aliases(graph, "attribute", {}, red, NOW)
    # p5 leaves Avon for an alias, p2 leaves an alias for Avon.
    rows: list[tuple[str, str, list[str]]] = [
        ("p6", "L'OREAL", ["Colour=Red"]),
        ("p5", "l’oreal", ["new"]),
        ("p2", "Avon", []),
    ]
    assert load(graph, *rows) == 3
    assert ask("MATCH (b:Brand) RETURN count(b)") == [(2,)]
    assert [row for row in ask(BRANDS) if row[0] in ("p2", "p5", "p6")] == [
        ("p2", "Avon", None),
        ("p5", "L'Oréal", "l’oreal"),
        ("p6", "L'Oréal", "L'OREAL"),
    ]
    assert ask(
        "MATCH (p:Product {product_id: 'p6'})-[r:HAS_ATTRIBUTE]->(a) RETURN a.key, r.alias"
    ) == [("colour=red", "Colour=Red")]
    undo_alias(graph, "brand", "L'OREAL")
    assert ("p6", "L'OREAL", None) in ask(BRANDS)


def test_a_person_parts_names_for_good_and_joins_them_again(graph: Graph, ask: Ask) -> None:
    load(graph, *SHOP)
    write_aliases(graph, "brand", {}, TO_LOREAL, NOW)
    assert undo_alias(graph, "brand", "l’oreal") == "L'Oréal"
    assert read_apart(graph, "brand") == {frozenset({"l’oreal", "L'Oréal"})}
    assert ask('MATCH (b:Brand {name: "L\'Oréal"}) RETURN b.aliases') == [(["L'OREAL"],)]
    # Named by an alias, it goes to where the alias leads.
    assert merge_alias(graph, "brand", "l’oreal", "L'OREAL", LATER) == "L'Oréal"
    assert read_apart(graph, "brand") == set()
    assert read_names(graph, "brand")[-1] == Name("l’oreal", 1, "L'Oréal", "person", 1.0, LATER)


def test_what_is_merged_brings_its_own_aliases_along(graph: Graph) -> None:
    load(graph, *SHOP)
    write_aliases(graph, "brand", {}, TO_LOREAL, NOW)
    merge_alias(graph, "brand", "L'Oréal", "Avon", LATER)
    assert {name.name: name.canonical for name in read_names(graph, "brand")} == {
        "Avon": None,
        "L'OREAL": "Avon",
        "L'Oréal": "Avon",
        "l’oreal": "Avon",
    }


@pytest.mark.parametrize(
    ("alias", "canonical", "told"),
    [
        ("Nobody", "Avon", "No brand is called 'Nobody'"),
        ("Avon", "Nobody", "No brand is called 'Nobody'"),
        ("Avon", "Avon", "are one brand already"),
        ("L'Oréal", "L'OREAL", "are one brand already"),
        ("L'OREAL", "L'Oréal", "are one brand already"),
        ("L'OREAL", "l’oreal", "are one brand already"),
    ],
)
def test_a_merge_that_means_nothing_is_refused(
    graph: Graph, snapshot: Callable[[], list[str]], alias: str, canonical: str, told: str
) -> None:
    load(graph, *SHOP)
    write_aliases(graph, "brand", {}, TO_LOREAL, NOW)
    before = snapshot()
    with pytest.raises(UnknownName, match=told):
        merge_alias(graph, "brand", alias, canonical, NOW)
    with pytest.raises(UnknownName, match="No brand has the alias 'Avon'"):
        undo_alias(graph, "brand", "Avon")
    assert snapshot() == before


def test_a_kind_that_is_none_is_refused(graph: Graph) -> None:
    with pytest.raises(ValueError, match="No kind of name 'colour': there are brand, attribute"):
        read_names(graph, "colour")


def test_a_tensor_row_given_away_meanwhile_is_not_given_twice(graph: Graph, ask: Ask) -> None:
    load(graph, ("p1", "ann", []), ("p2", "Ann", []))
    last = "ann"  # numbered in the order of names
    assert ask("MATCH (b:Brand {name: $n}) RETURN b.idx", n=last) == [(1,)]
    write_aliases(graph, "brand", {}, {last: Alias("Ann", "exact", 1.0)}, NOW)
    load(graph, ("p3", "Bob", []))
    undo_alias(graph, "brand", last)
    assert ask("MATCH (b:Brand) RETURN b.name, b.idx ORDER BY b.idx") == [
        ("Ann", 0),
        ("Bob", 1),
        ("ann", 2),
    ]


PRODUCTS = st.lists(
    st.tuples(
        st.sampled_from("abcd"), st.lists(st.sampled_from(["x", "y", "z"]), unique=True, max_size=3)
    ),
    min_size=1,
    max_size=6,
)
GROUPS = st.dictionaries(st.sampled_from("bcd"), st.just("a"), max_size=3)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(products=PRODUCTS, brands=GROUPS, order=st.permutations("bcd"), again=st.booleans())
def test_whatever_was_merged_is_undone_in_any_order(
    graph: Graph,
    ask: Ask,
    snapshot: Callable[[], list[str]],
    products: list[tuple[str, list[str]]],
    brands: dict[str, str],
    order: list[str],
    again: bool,
) -> None:
    ask("MATCH (n) WHERE NOT n:ShopgraphSchema DETACH DELETE n")
    rows = [(f"p{i}", brand, keys) for i, (brand, keys) in enumerate(products)]
    load(graph, ("base", "a", ["x", "y", "z"]), ("more", "b", []), *rows)
    here = {name.name for name in read_names(graph, "brand")}
    before = snapshot()
    wanted = {n: Alias(to, "exact", 1.0) for n, to in brands.items() if n in here}
    write_aliases(graph, "brand", {}, wanted, NOW)
    write_aliases(graph, "attribute", {}, {"y": Alias("x", "exact", 1.0)}, NOW)
    if again:
        load(graph, ("base", "a", ["x", "y", "z"]), ("more", "b", []), *rows)
    for name in [name for name in order if name in wanted]:
        undo_alias(graph, "brand", name)
    undo_alias(graph, "attribute", "y")
    assert snapshot() == before


@pytest.mark.parametrize(
    "stem",
    [
        *("read/KIND_names", "read/distinct_KINDs"),
        *("write/merge_KIND_aliases", "write/undo_KIND_aliases"),
        *("write/part_KINDs", "write/join_KINDs"),
    ],
)
def test_brands_and_attributes_are_treated_alike(stem: str) -> None:
    def text(kind: str) -> str:
        written = (CYPHER / f"{stem.replace('KIND', kind)}.cypher").read_text(encoding="utf-8")
        # Where a line breaks is all the same.
        return " ".join(written.split())

    brand = text("brand").replace("a brand", "an attribute").replace("brand", "attribute")
    brand = brand.replace("Brand", "Attribute").replace("MADE_BY", "HAS_ATTRIBUTE")
    for name, key in ((".name", ".key"), ("{name:", "{key:"), ("(name)", "(key)")):
        brand = brand.replace(name, key)
    assert brand == text("attribute")
