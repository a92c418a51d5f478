from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import events
from kg.connection import Graph
from kg.read import read_tensors
from kg.records import RELATIONSHIPS
from kg.rows import RESERVED
from kg.write import finish_load, merge_table

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)
NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)

Ask = Callable[..., list[tuple[Any, ...]]]
Snapshot = Callable[[], list[tuple[Any, ...]]]


def frame(*rows: dict[str, Any], **dtypes: str) -> pd.DataFrame:
    """Rows as a cleaned frame has them: lines count from 2, absent values are None or NaN."""
    made = pd.DataFrame(list(rows))
    made["line"] = range(2, len(made) + 2)
    for name in ("occurred_at", "valid_from", "created_at"):
        if name in made:
            made[name] = pd.to_datetime(made[name], utc=True).astype("datetime64[us, UTC]")
    for name in ("stock", "position"):
        if name in made:
            made[name] = made[name].astype("Int64")
    return made.astype(dtypes)


def event(interaction_id: str, **columns: Any) -> dict[str, Any]:
    base = {"user_id": "u", "product_id": "p", "kind": "purchase"}
    return base | columns | {"interaction_id": interaction_id}


def products_of(ask: Ask) -> dict[str, dict[str, Any]]:
    rows = ask("MATCH (p:Product) RETURN p.product_id, properties(p) ORDER BY p.product_id")
    return {key: {k: v for k, v in map_.items() if k != "product_id"} for key, map_ in rows}


def test_an_unknown_table_is_refused(graph: Graph) -> None:
    with pytest.raises(ValueError, match="No table 'carts': there are deletions, follows"):
        merge_table(graph, "carts", frame({"user_id": "u"}), NOW)


def test_a_product_has_its_facts_as_properties_and_its_links_as_nodes(
    graph: Graph, ask: Ask
) -> None:
    row = {
        "product_id": "p",
        "title": "Shirt",
        "description": None,
        "brand": "Ann",
        "category": ["Women > Tops > Shirts", "Sale"],
        "attributes": ["color=red", "formula=a=b", "new"],
        "price": 9.5,
        "stock": 3,
        "image": "s.png",
        "created_at": NOON,
        "delisted": False,
        "fabric": "silk",
    }
    assert merge_table(graph, "products", frame(row), NOW) == 1
    facts = products_of(ask)["p"]
    assert facts.pop("created_at").to_native() == NOON
    assert facts.pop("ingested_at").to_native() == NOW
    assert facts == {
        "title": "Shirt",
        "price": 9.5,
        "stock": 3,
        "image": "s.png",
        "in_stock": True,
        "delisted": False,
        "fabric": "silk",
    }
    assert ask("MATCH (:Product)-[:MADE_BY]->(b:Brand) RETURN b.name") == [("Ann",)]
    assert ask("MATCH (:Product)-[:IN_CATEGORY]->(c) RETURN c.path, c.name ORDER BY c.path") == [
        ("Sale", "Sale"),
        ("Women > Tops > Shirts", "Shirts"),
    ]
    assert ask(
        "MATCH (:Product)-[:HAS_ATTRIBUTE]->(a) RETURN a.key, a.name, a.value ORDER BY a.key"
    ) == [
        ("color=red", "color", "red"),
        ("formula=a=b", "formula", "a=b"),
        ("new", None, "new"),
    ]


def test_categories_of_equal_name_hang_under_their_own_parents(graph: Graph, ask: Ask) -> None:
    rows = [
        {"product_id": "p", "category": ["Women > Shoes"]},
        {"product_id": "q", "category": ["Men > Shoes", "Women > Shoes"]},
        {"product_id": "r", "category": ["Women"]},
        {"product_id": "s", "category": []},
    ]
    assert merge_table(graph, "products", frame(*rows), NOW) == 4
    tree = (
        "MATCH (c:Category)-[:SUBCATEGORY_OF]->(up) RETURN c.path, c.name, up.path ORDER BY c.path"
    )
    assert ask(tree) == [("Men > Shoes", "Shoes", "Men"), ("Women > Shoes", "Shoes", "Women")]
    assert ask("MATCH (c:Category) RETURN count(c)") == [(4,)]
    links = (
        "MATCH (p)-[:IN_CATEGORY]->(c) RETURN p.product_id, c.path ORDER BY p.product_id, c.path"
    )
    assert ask(links) == [
        ("p", "Women > Shoes"),
        ("q", "Men > Shoes"),
        ("q", "Women > Shoes"),
        ("r", "Women"),
    ]


def test_a_changed_brand_category_or_attribute_replaces_the_link(graph: Graph, ask: Ask) -> None:
    first = {"product_id": "p", "brand": "Ann", "category": ["A > B"], "attributes": ["x", "y"]}
    second = {"product_id": "p", "brand": "Bob", "category": ["A"], "attributes": ["y", "z"]}
    other = {"product_id": "q", "brand": "Ann", "category": ["A > B"], "attributes": ["x"]}
    merge_table(graph, "products", frame(first, other), NOW)
    assert merge_table(graph, "products", frame(second), LATER) == 1
    links = (
        "MATCH (p:Product {product_id: $id})-[r:MADE_BY|IN_CATEGORY|HAS_ATTRIBUTE]->(n) "
        "RETURN coalesce(n.path, n.key, n.name) AS to ORDER BY to"
    )
    assert ask(links, id="p") == [("A",), ("Bob",), ("y",), ("z",)]
    assert ask(links, id="q") == [("A > B",), ("Ann",), ("x",)]


PRODUCT = {"product_id": "p", "title": "Shirt", "brand": "Ann", "attributes": ["x"], "price": 2.0}


def test_equal_products_merge_to_nothing_also_within_one_load(
    graph: Graph, snapshot: Snapshot
) -> None:
    assert merge_table(graph, "products", frame(PRODUCT), NOW) == 1
    before = snapshot()
    assert merge_table(graph, "products", frame(PRODUCT), NOW) == 0
    assert merge_table(graph, "products", frame(PRODUCT), LATER) == 0
    assert snapshot() == before


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Blouse"},
        {"price": 2.5},
        {"brand": "Bob"},
        {"attributes": ["x", "y"]},
        {"new": "c"},
    ],
)
def test_a_changed_value_counts_as_one_row(graph: Graph, change: dict[str, Any]) -> None:
    other = PRODUCT | {"product_id": "q"}
    merge_table(graph, "products", frame(PRODUCT, other), NOW)
    assert (
        merge_table(graph, "products", frame(PRODUCT | change, other | {"new": None}), LATER) == 1
    )


def test_a_column_a_table_lacks_leaves_what_is_known(graph: Graph, ask: Ask) -> None:
    merge_table(graph, "products", frame(PRODUCT | {"stock": 0}), NOW)
    assert merge_table(graph, "products", frame({"product_id": "p", "price": 3.0}), LATER) == 1
    facts = products_of(ask)["p"]
    assert (facts["title"], facts["price"], facts["in_stock"]) == ("Shirt", 3.0, False)
    assert ask("MATCH (:Product)-[r:MADE_BY|HAS_ATTRIBUTE]->() RETURN count(r)") == [(2,)]


@pytest.mark.parametrize(("stock", "in_stock"), [(2, True), (0, False), (-1, False), (None, True)])
def test_in_stock_follows_from_stock(
    graph: Graph, ask: Ask, stock: int | None, in_stock: bool
) -> None:
    merge_table(graph, "products", frame({"product_id": "p", "stock": stock}), NOW)
    facts = products_of(ask)["p"]
    assert facts["in_stock"] is in_stock
    assert facts.get("stock") == stock


def test_a_product_without_stock_is_in_stock(graph: Graph, ask: Ask) -> None:
    merge_table(graph, "products", frame({"product_id": "p"}), NOW)
    assert products_of(ask)["p"]["in_stock"] is True


def test_what_is_absent_never_becomes_a_property(graph: Graph, ask: Ask) -> None:
    rows = [
        {"product_id": "p", "title": None, "price": np.nan, "stock": None, "created_at": None},
        {"product_id": "q", "title": "T", "price": 1.0, "stock": 1, "created_at": NOON},
    ]
    made = frame(*rows)
    made["extra"] = pd.array([pd.NA, "x"], dtype="str")
    made["delisted"] = pd.array([pd.NA, True], dtype="boolean")
    merge_table(graph, "products", made, NOW)
    assert set(products_of(ask)["p"]) == {"in_stock", "ingested_at"}
    assert set(products_of(ask)["q"]) == {
        *("in_stock", "ingested_at", "title", "price", "stock", "created_at", "extra", "delisted")
    }
    absent = {"position": None, "quantity": np.nan, "rating": None, "order_id": None, "note": None}
    events = frame(event("e", **absent, occurred_at=None), event("f", note="x", occurred_at=NOON))
    merge_table(graph, "interactions", events, NOW)
    [(keys,)] = ask("MATCH ()-[e:PURCHASED {interaction_id: 'e'}]->() RETURN keys(e)")
    assert set(keys) == {"interaction_id", "line", "ingested_at"}


@pytest.mark.parametrize("name", RESERVED)
def test_a_source_cannot_overwrite_what_the_program_keeps(
    graph: Graph, ask: Ask, name: str
) -> None:
    columns = {name: "theirs", f"{name}_": "also theirs"}
    merge_table(graph, "products", frame({"product_id": "p", "stock": 0} | columns), NOW)
    merge_table(graph, "users", frame({"user_id": "u"} | columns), NOW)
    merge_table(graph, "interactions", frame(event("e", **columns)), NOW)
    merge_table(graph, "follows", frame({"user_id": "u", "follows_id": "v"} | columns), NOW)
    related = {"product_id": "p", "relation": "r", "other_id": "q"}
    merge_table(graph, "relations", frame(related | columns), NOW)
    search = {"query": "q", "user_id": "u", "interaction_id": "s"}
    merge_table(graph, "searches", frame(search | columns), NOW)
    finish_load(graph)
    everything = ask(
        "MATCH (n) WHERE n.product_id = 'p' OR n.user_id = 'u' RETURN properties(n) AS found "
        "UNION ALL MATCH ()-[r:PURCHASED|FOLLOWS|RELATED_TO|SEARCHED]->() "
        "RETURN properties(r) AS found"
    )
    assert len(everything) == 6
    for (found,) in everything:
        assert found.get(name) != "theirs"
        assert (found[f"{name}_"], found[f"{name}__"]) == ("also theirs", "theirs")
        assert found["ingested_at"].to_native() == NOW
    assert ask("MATCH (p:Product {product_id: 'p'}) RETURN p.in_stock, p.idx") == [(False, 0)]


def test_the_last_row_of_a_product_holds_and_what_it_leaves_empty_stays(
    graph: Graph, ask: Ask
) -> None:
    rows = [
        {"product_id": "p", "title": "old", "price": 1.0, "brand": "Ann"},
        {"product_id": "q", "title": "other", "price": 5.0, "brand": "Cy"},
        {"product_id": "p", "title": "new", "price": None, "brand": "Bob"},
    ]
    assert merge_table(graph, "products", frame(*rows), NOW) == 2
    facts = products_of(ask)
    assert (facts["p"]["title"], facts["p"]["price"]) == ("new", 1.0)
    assert (facts["q"]["title"], facts["q"]["price"]) == ("other", 5.0)
    brands = "MATCH (p:Product)-[:MADE_BY]->(b) RETURN p.product_id, b.name ORDER BY p.product_id"
    assert ask(brands) == [("p", "Bob"), ("q", "Cy")]


def version(day: int | None, title: str, **columns: Any) -> dict[str, Any]:
    valid_from = None if day is None else datetime(2025, 1, day, tzinfo=UTC)
    links = {"brand": f"of {title}", "category": [f"in {title}"], "attributes": [f"is {title}"]}
    return {"product_id": "p", "title": title, "valid_from": valid_from} | links | columns


def told(ask: Ask) -> set[str]:
    """Everything the graph says of product p, plain and linked."""
    rows = ask(
        "MATCH (p:Product {product_id: 'p'}) "
        "RETURN p.title, COLLECT { MATCH (p)-[:MADE_BY|IN_CATEGORY|HAS_ATTRIBUTE]->(n) "
        "RETURN coalesce(n.path, n.key, n.name) }"
    )
    return {rows[0][0], *rows[0][1]}


NEWEST_FACTS = {"third", "of third", "in third", "is third"}


def test_of_versions_in_one_batch_the_newest_holds(graph: Graph, ask: Ask) -> None:
    rows = [
        version(3, "third"),
        version(None, "undated"),
        version(1, "first"),
        version(2, "second"),
    ]
    assert merge_table(graph, "products", frame(*rows), NOW) == 4
    assert told(ask) == NEWEST_FACTS


@pytest.mark.parametrize("late", [version(2, "second"), version(None, "undated")])
def test_an_older_version_that_comes_later_fills_only_what_the_newer_leaves_empty(
    graph: Graph, ask: Ask, late: dict[str, Any]
) -> None:
    merge_table(graph, "products", frame(version(3, "third")), NOW)
    assert merge_table(graph, "products", frame(late | {"extra": "x", "stock": 0}), LATER) == 1
    assert told(ask) == NEWEST_FACTS
    facts = products_of(ask)["p"]
    assert (facts["extra"], facts["stock"], facts["in_stock"]) == ("x", 0, False)
    assert facts["valid_from"].to_native() == datetime(2025, 1, 3, tzinfo=UTC)


@pytest.mark.parametrize("day", [3, 4])
def test_a_version_as_new_or_newer_changes_all(graph: Graph, ask: Ask, day: int) -> None:
    merge_table(graph, "products", frame(version(3, "wrong", extra="x")), NOW)
    assert merge_table(graph, "products", frame(version(day, "third")), LATER) == 1
    assert told(ask) == NEWEST_FACTS


def test_a_table_without_times_states_what_holds_now(graph: Graph, ask: Ask) -> None:
    merge_table(graph, "products", frame(version(3, "wrong")), NOW)
    undated = frame(version(None, "third")).drop(columns="valid_from")
    assert merge_table(graph, "products", undated, LATER) == 1
    assert told(ask) == NEWEST_FACTS


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2), (2, 0, 1)])
def test_versions_in_any_order_end_at_the_newest_and_twice_writes_nothing(
    graph: Graph, ask: Ask, snapshot: Snapshot, order: tuple[int, ...]
) -> None:
    rows = [version(1, "first"), version(2, "second"), version(3, "third")]
    for i in order:
        merge_table(graph, "products", frame(rows[i]), NOW)
    assert told(ask) == NEWEST_FACTS
    before = snapshot()
    assert sum(merge_table(graph, "products", frame(rows[i]), LATER) for i in order) == 0
    assert snapshot() == before


def test_an_empty_cell_leaves_brand_category_and_attributes_too(graph: Graph, ask: Ask) -> None:
    merge_table(graph, "products", frame(PRODUCT | {"category": ["A > B"]}), NOW)
    empty = {"product_id": "p", "brand": None, "category": [], "attributes": [], "price": 2.0}
    assert merge_table(graph, "products", frame(empty), LATER) == 0
    links = "MATCH (:Product)-[r:MADE_BY|IN_CATEGORY|HAS_ATTRIBUTE]->() RETURN count(r)"
    assert ask(links) == [(3,)]


def test_users_keep_their_profile(graph: Graph, ask: Ask) -> None:
    rows = [
        {"user_id": "u", "age": "30", "city": "Oslo"},
        {"user_id": "v", "age": None, "city": None},
        {"user_id": "u", "age": "31", "city": None},
    ]
    assert merge_table(graph, "users", frame(*rows), NOW) == 2
    assert merge_table(graph, "users", frame(*rows), NOW) == 0
    assert merge_table(graph, "users", frame({"user_id": "v", "age": "9"}), LATER) == 1
    users = "MATCH (u:User) RETURN u.user_id, u.age, u.city, size(keys(u)) ORDER BY u.user_id"
    assert ask(users) == [("u", "31", "Oslo", 4), ("v", "9", None, 3)]


@pytest.mark.parametrize("kind", [kind for kind in RELATIONSHIPS if kind != "review"])
def test_every_kind_of_interaction_is_one_relationship_an_event(
    graph: Graph, ask: Ask, kind: str
) -> None:
    columns = {
        "occurred_at": NOON,
        "position": 4,
        "quantity": 2.0,
        "price": 1.5,
        "rating": 5.0,
        "order_id": "o",
        "session_id": "s",
        "device": "phone",
    }
    made = frame(event("e", kind=kind, **columns), event("f", kind=kind))
    assert merge_table(graph, "interactions", made, NOW) == 2
    assert merge_table(graph, "interactions", made, LATER) == 0
    rows = ask(
        "MATCH (u:User)-[e]->(p:Product) RETURN u.user_id, type(e), properties(e), p.product_id"
    )
    assert [(u, t, p) for u, t, _, p in rows] == [("u", RELATIONSHIPS[kind], "p")] * 2
    found = next(map_ for _, _, map_, _ in rows if map_["interaction_id"] == "e")
    assert found.pop("ingested_at").to_native() == NOW
    assert found.pop("occurred_at").to_native() == NOON
    rest = {name: value for name, value in columns.items() if name != "occurred_at"}
    assert found == rest | {"interaction_id": "e", "line": 2}


def test_a_review_is_an_event_with_its_words(graph: Graph, ask: Ask) -> None:
    review = {
        "user_id": "u",
        "product_id": "p",
        "rating": 4.0,
        "title": "Good",
        "text": "Fits well",
        "occurred_at": NOON,
        "interaction_id": "e",
        "helpful": "3",
    }
    assert merge_table(graph, "reviews", frame(review), NOW) == 1
    assert merge_table(graph, "reviews", frame(review), LATER) == 0
    [(found,)] = ask("MATCH (:User)-[e:REVIEWED]->(:Product) RETURN properties(e)")
    assert found.pop("ingested_at").to_native() == NOW
    assert found.pop("occurred_at").to_native() == NOON
    assert found == {
        "interaction_id": "e",
        "line": 2,
        "rating": 4.0,
        "title": "Good",
        "text": "Fits well",
        "helpful": "3",
    }


def test_users_and_products_that_only_events_name_are_created_bare(graph: Graph, ask: Ask) -> None:
    merge_table(graph, "interactions", frame(event("e", user_id="u1", product_id="p1")), NOW)
    review = {"user_id": "u2", "product_id": "p2", "interaction_id": "r", "rating": None}
    merge_table(graph, "reviews", frame(review), NOW)
    merge_table(graph, "follows", frame({"user_id": "u3", "follows_id": "u4"}), NOW)
    related = {"product_id": "p3", "relation": "goes with", "other_id": "p4"}
    merge_table(graph, "relations", frame(related), NOW)
    search = {"query": "hat", "user_id": "u5", "product_id": "p5", "interaction_id": "s"}
    merge_table(graph, "searches", frame(search), NOW)
    users = ask("MATCH (u:User) RETURN u.user_id, keys(u) ORDER BY u.user_id")
    assert [user for user, _ in users] == ["u1", "u2", "u3", "u4", "u5"]
    assert all(set(keys) == {"user_id", "ingested_at"} for _, keys in users)
    assert list(products_of(ask)) == ["p1", "p2", "p3", "p4", "p5"]
    assert all(set(facts) == {"in_stock", "ingested_at"} for facts in products_of(ask).values())


def test_facts_that_come_after_the_event_fill_the_bare_node(graph: Graph, ask: Ask) -> None:
    merge_table(graph, "interactions", frame(event("e")), NOW)
    assert merge_table(graph, "products", frame({"product_id": "p", "title": "Hat"}), NOW) == 1
    assert merge_table(graph, "users", frame({"user_id": "u"}), NOW) == 0
    assert ask("MATCH (:User)-[:PURCHASED]->(p:Product) RETURN p.title") == [("Hat",)]


def test_a_guests_order_counts_without_making_a_user(graph: Graph, ask: Ask) -> None:
    rows = [
        event("a", order_id="o1", product_id="p", quantity=2.0, price=1.5, occurred_at=NOON),
        event("b", order_id="o1", product_id="q"),
        event("c", order_id="o2", product_id="p", user_id=None),
        event("d", order_id="o2", product_id="q", user_id=None),
        event("e", order_id=None, product_id="q"),
        event("f", order_id="o3", product_id="q", kind="cart"),
    ]
    made = frame(*rows)
    assert merge_table(graph, "interactions", made, NOW) == 6
    assert merge_table(graph, "interactions", made, LATER) == 0
    assert ask("MATCH (u:User) RETURN u.user_id") == [("u",)]
    lines = (
        "MATCH (o:Order)-[c:CONTAINS]->(p) "
        "RETURN o.order_id, p.product_id, c.interaction_id ORDER BY c.interaction_id"
    )
    assert ask(lines) == [("o1", "p", "a"), ("o1", "q", "b"), ("o2", "p", "c"), ("o2", "q", "d")]
    assert ask("MATCH (u:User)-[:PLACED]->(o) RETURN u.user_id, o.order_id") == [("u", "o1")]
    assert ask(
        "MATCH (:User)-[e:PURCHASED]->() RETURN e.interaction_id ORDER BY e.interaction_id"
    ) == [
        ("a",),
        ("b",),
        ("e",),
    ]
    [(line,)] = ask("MATCH ()-[c:CONTAINS {interaction_id: 'a'}]->() RETURN properties(c)")
    assert (line["quantity"], line["price"], line["occurred_at"].to_native()) == (2.0, 1.5, NOON)


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_an_order_has_the_time_of_its_earliest_line(
    graph: Graph, ask: Ask, order: tuple[int, ...]
) -> None:
    hours = [None, datetime(2025, 6, 1, 9, tzinfo=UTC), datetime(2025, 6, 1, 8, tzinfo=UTC)]
    for i in order:
        row = event(str(i), order_id="o", occurred_at=hours[i])
        merge_table(graph, "interactions", frame(row), NOW)
    [(time,)] = ask("MATCH (o:Order) RETURN o.occurred_at")
    assert time.to_native() == hours[2]


def test_a_search_links_who_asked_and_what_was_opened(graph: Graph, ask: Ask) -> None:
    rows = [
        {"query": "hat", "user_id": "u", "product_id": "p", "interaction_id": "a", "page": "2"},
        {"query": "hat", "user_id": "u", "product_id": None, "interaction_id": "b", "page": None},
        {"query": "cap", "user_id": None, "product_id": "p", "interaction_id": "c", "page": None},
        {"query": "wig", "user_id": None, "product_id": None, "interaction_id": "d", "page": None},
    ]
    made = frame(*(row | {"session_id": "s", "occurred_at": NOON} for row in rows))
    assert merge_table(graph, "searches", made, NOW) == 4
    assert merge_table(graph, "searches", made, NOW) == 0
    assert merge_table(graph, "searches", made, LATER) == 0
    asked = ask(
        "MATCH (u:User)-[s:SEARCHED]->(q:Query) "
        "RETURN u.user_id, q.text, properties(s) ORDER BY s.line"
    )
    assert [(user, text, map_["interaction_id"]) for user, text, map_ in asked] == [
        ("u", "hat", "a"),
        ("u", "hat", "b"),
    ]
    assert asked[0][2].pop("occurred_at").to_native() == NOON
    assert asked[0][2].pop("ingested_at").to_native() == NOW
    assert asked[0][2] == {"interaction_id": "a", "line": 2, "session_id": "s", "page": "2"}
    found = (
        "MATCH (q:Query)-[f:FOUND]->(p:Product) "
        "RETURN q.text, p.product_id, f.interaction_id ORDER BY f.interaction_id"
    )
    assert ask(found) == [("hat", "p", "a"), ("cap", "p", "c")]
    assert ask("MATCH (q:Query) RETURN q.text ORDER BY q.text") == [("cap",), ("hat",), ("wig",)]


def test_searches_without_user_or_click_columns_keep_the_query(graph: Graph, ask: Ask) -> None:
    made = frame({"query": "hat", "interaction_id": "a"})
    assert merge_table(graph, "searches", made, NOW) == 1
    assert ask("MATCH (n) WHERE NOT n:ShopgraphSchema RETURN labels(n), n.text") == [
        (["Query"], "hat")
    ]


def test_follows_and_relations_are_merged_once_and_take_new_facts(graph: Graph, ask: Ask) -> None:
    follows = {"user_id": "u", "follows_id": "v", "since": "2020", "new": "yes"}
    assert merge_table(graph, "follows", frame(follows, follows), NOW) == 1
    assert merge_table(graph, "follows", frame(follows), NOW) == 0
    assert merge_table(graph, "follows", frame(follows | {"since": "2021"}), LATER) == 1
    rows = ask(
        "MATCH (a)-[f:FOLLOWS]->(b) RETURN a.user_id, b.user_id, f.since, f.new, size(keys(f))"
    )
    assert rows == [("u", "v", "2021", "yes", 3)]
    related = {
        "product_id": "p",
        "relation": "goes with",
        "other_id": "q",
        "weight": "2",
        "new": "1",
    }
    other = related | {"relation": "replaces", "weight": None}
    assert merge_table(graph, "relations", frame(related, other), NOW) == 2
    assert merge_table(graph, "relations", frame(related, other), LATER) == 0
    assert merge_table(graph, "relations", frame(related | {"weight": "3"}), LATER) == 1
    rows = ask(
        "MATCH (a)-[r:RELATED_TO]->(b) "
        "RETURN a.product_id, r.relation, r.weight, r.new, b.product_id ORDER BY r.relation"
    )
    assert rows == [("p", "goes with", "3", "1", "q"), ("p", "replaces", None, "1", "q")]


def test_two_purchases_of_one_product_are_two_events(graph: Graph, ask: Ask) -> None:
    made = frame(event("a", occurred_at=NOON), event("b", occurred_at=NOON))
    assert merge_table(graph, "interactions", made, NOW) == 2
    assert ask("MATCH (:User)-[e:PURCHASED]->() RETURN count(e)") == [(2,)]


def test_ids_stay_as_they_are(graph: Graph, ask: Ask) -> None:
    ids = ["007", "7", "a b", "Ä'\"`\\", "💥", "NaN", "null", "x" * 1000]
    rows = [event(str(i), user_id=id_, product_id=id_) for i, id_ in enumerate(ids)]
    merge_table(graph, "interactions", frame(*rows), NOW)
    assert ask(
        "MATCH (u:User)-[:PURCHASED]->(p:Product) RETURN u.user_id, p.product_id ORDER BY u.user_id"
    ) == [(id_, id_) for id_ in sorted(ids)]


def test_times_before_1970_are_kept_to_the_millisecond(graph: Graph, ask: Ask) -> None:
    time = datetime(1950, 3, 1, 10, 0, 0, 123000, tzinfo=UTC)
    merge_table(graph, "interactions", frame(event("e", occurred_at=time)), NOW)
    assert ask("MATCH ()-[e:PURCHASED]->() RETURN e.occurred_at")[0][0].to_native() == time


def test_more_rows_than_a_batch_are_merged_in_several(
    graph: Graph, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "BATCH_ROWS", 3)
    rows = [event(str(i), product_id=f"p{i}", order_id=f"o{i % 2}") for i in range(8)]
    assert merge_table(graph, "interactions", frame(*rows), NOW) == 8
    assert ask("MATCH ()-[e:PURCHASED]->() RETURN count(e)") == [(8,)]
    assert ask("MATCH ()-[c:CONTAINS]->() RETURN count(c)") == [(8,)]


def test_rows_are_numbered_once_and_in_the_order_of_their_keys(graph: Graph, ask: Ask) -> None:
    rows = [
        {"product_id": id_, "brand": f"of {id_}", "attributes": [id_], "category": [f"{id_} > x"]}
        for id_ in "cb"
    ]
    merge_table(graph, "products", frame(*rows), NOW)
    merge_table(graph, "users", frame({"user_id": "v"}, {"user_id": "u"}), NOW)
    finish_load(graph)
    merge_table(graph, "products", frame({"product_id": "a"}, {"product_id": "d"}), NOW)
    merge_table(graph, "users", frame({"user_id": "t"}), NOW)
    finish_load(graph)
    finish_load(graph)
    products = "MATCH (p:Product) RETURN p.product_id ORDER BY p.idx"
    assert ask(products) == [("b",), ("c",), ("a",), ("d",)]
    assert ask("MATCH (u:User) RETURN u.user_id, u.idx ORDER BY u.idx") == [
        ("u", 0),
        ("v", 1),
        ("t", 2),
    ]
    for label, key in (("Brand", "name"), ("Category", "path"), ("Attribute", "key")):
        rows_ = ask(
            "MATCH (n:$($label)) RETURN n[$key], n.idx ORDER BY n.idx", label=label, key=key
        )
        assert [idx for _, idx in rows_] == list(range(len(rows_)))
        assert [name for name, _ in rows_] == sorted(name for name, _ in rows_)


def test_loading_into_an_empty_graph_and_reading_gives_every_row(graph: Graph) -> None:
    merge_table(graph, "interactions", frame(event("e"), event("f", kind="view")), NOW)
    finish_load(graph)
    tensors = read_tensors(graph, None)
    assert (tensors.user_ids, tensors.product_ids) == (["u"], ["p"])


NAMES = st.sampled_from(["a", "b", "c"])


@st.composite
def interactions(draw: st.DrawFn) -> list[dict[str, Any]]:
    """A few events, some repeated: an id stands for one event with one content."""
    rows = []
    for i in range(draw(st.integers(1, 6))):
        guest = draw(st.booleans())
        kind = (
            "purchase" if guest else draw(st.sampled_from(["view", "cart", "purchase", "return"]))
        )
        rows.append(
            event(
                f"e{i}",
                user_id=None if guest else draw(NAMES),
                product_id=draw(NAMES),
                kind=kind,
                order_id=draw(NAMES) if guest else draw(st.none() | NAMES),
                occurred_at=draw(
                    st.none()
                    | st.datetimes(datetime(2024, 1, 1), datetime(2024, 1, 3)).map(
                        lambda time: time.replace(microsecond=0, tzinfo=UTC)
                    )
                ),
                quantity=draw(st.none() | st.integers(1, 3).map(float)),
                note=draw(st.none() | st.just("n")),
                line=i + 2,
            )
        )
    return rows + draw(st.lists(st.sampled_from(rows), max_size=3))


def wipe(ask: Ask) -> None:
    ask("MATCH (n) WHERE NOT n:ShopgraphSchema DETACH DELETE n")


def typed(rows: list[dict[str, Any]]) -> pd.DataFrame:
    made = frame(*rows)
    made["line"] = [row["line"] for row in rows]
    return made


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=interactions(), cuts=st.lists(st.integers(0, 9), max_size=3), data=st.data())
def test_any_split_and_any_repetition_gives_the_same_graph(
    graph: Graph,
    ask: Ask,
    snapshot: Snapshot,
    rows: list[dict[str, Any]],
    cuts: list[int],
    data: st.DataObject,
) -> None:
    wipe(ask)
    written = merge_table(graph, "interactions", typed(rows), NOW)
    assert written == len({row["interaction_id"] for row in rows})
    whole = snapshot()
    assert merge_table(graph, "interactions", typed(rows), LATER) == 0
    assert snapshot() == whole
    wipe(ask)
    shuffled = data.draw(st.permutations(rows))
    bounds = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    parts = [shuffled[a:b] for a, b in pairwise(bounds) if a < b]
    assert sum(merge_table(graph, "interactions", typed(part), NOW) for part in parts) == written
    assert snapshot() == whole


def test_many_new_products_are_numbered_in_the_order_of_their_keys(graph: Graph, ask: Ask) -> None:
    ids = [f"p{place:05}" for place in range(25_000)]
    graph.write("write/merge_bare_products", ids=ids[::-1], now=NOW)
    finish_load(graph)
    rows = ask("MATCH (p:Product) RETURN p.idx, p.product_id ORDER BY p.idx")
    assert rows == list(enumerate(ids))
