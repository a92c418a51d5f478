from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.connection import Graph
from kg.facts import facts_at, facts_id, fold
from kg.queries import find_query, run_query
from kg.write import merge_table

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = datetime(2026, 1, 2, tzinfo=UTC)

Ask = Callable[..., list[tuple[Any, ...]]]
Snapshot = Callable[[], list[tuple[Any, ...]]]
Row = dict[str, Any]


def day(number: int) -> datetime:
    return datetime(2025, 1, number, tzinfo=UTC)


def products(rows: Sequence[Row]) -> pd.DataFrame:
    """Rows of the products table as they come out of cleaning; an absent column is lacking."""
    made = pd.DataFrame(list(rows))
    for name in ("valid_from", "created_at"):
        if name in made:
            made[name] = pd.to_datetime(made[name], utc=True).astype("datetime64[us, UTC]")
    if "stock" in made:
        made["stock"] = made["stock"].astype("Int64")
    for name in ("category", "attributes"):
        if name in made:
            made[name] = [value if isinstance(value, list) else [] for value in made[name]]
    made["line"] = range(2, len(made) + 2)
    return made


def load(graph: Graph, *rows: Row, now: datetime = NOW) -> int:
    return merge_table(graph, "products", products(rows), now)


def known(graph: Graph, number: int, product_id: str = "p") -> Row:
    """What was known of a product before a day, without the time of the last statement."""
    [(_, facts)] = facts_at(graph, [product_id], day(number))
    return {name: value for name, value in facts.items() if name != "valid_from"}


def test_fold_takes_each_column_from_the_latest_statement_that_has_it() -> None:
    history = {
        day(3): {"price": 3.0},
        None: {"title": "Hat", "price": 1.0, "brand": "Ann"},
        day(2): {"brand": "Bob", "price": 2.0},
    }
    assert fold(history) == {"title": "Hat", "brand": "Bob", "price": 3.0, "valid_from": day(3)}
    assert fold(history, day(3)) == {
        "title": "Hat", "brand": "Bob", "price": 2.0, "valid_from": day(2)
    }  # fmt: skip
    assert fold(history, day(2)) == {"title": "Hat", "brand": "Ann", "price": 1.0}
    assert fold({}) == {}


def test_the_key_of_a_statement_names_product_and_time() -> None:
    assert facts_id("85123A", None) == "85123A @"
    assert facts_id("85123A", day(1)) == "85123A @ 2025-01-01T00:00:00+00:00"


def test_every_fact_that_changes_is_readable_as_of_a_time(graph: Graph) -> None:
    load(
        graph,
        {"product_id": "p", "title": "Hat", "price": 1.0, "stock": 5, "brand": "Ann",
         "category": ["A > B"], "attributes": ["red"], "valid_from": None},
        {"product_id": "p", "price": 2.0, "stock": 0, "valid_from": day(2)},
        {"product_id": "p", "title": "Cap", "brand": "Bob", "category": ["A"],
         "attributes": ["blue", "new"], "valid_from": day(4)},
    )  # fmt: skip
    first = {
        "title": "Hat", "price": 1.0, "stock": 5, "brand": "Ann",
        "category": ["A > B"], "attributes": ["red"],
    }  # fmt: skip
    assert known(graph, 2) == first
    assert known(graph, 3) == first | {"price": 2.0, "stock": 0}
    assert known(graph, 4) == first | {"price": 2.0, "stock": 0}
    last = {"title": "Cap", "price": 2.0, "stock": 0, "brand": "Bob"}
    assert known(graph, 5) == last | {"category": ["A"], "attributes": ["blue", "new"]}


def test_a_product_of_which_nothing_is_dated_carries_its_facts_itself(
    graph: Graph, ask: Ask
) -> None:
    load(graph, {"product_id": "p", "title": "Hat", "brand": "Ann"})
    assert ask("MATCH (f:ProductFacts) RETURN count(f)") == [(0,)]
    assert known(graph, 1) == {"title": "Hat", "brand": "Ann"}


def test_the_first_dated_statement_keeps_the_timeless_ones_beside_it(
    graph: Graph, ask: Ask
) -> None:
    load(graph, {"product_id": "p", "title": "Hat", "price": 1.0, "brand": "Ann", "stock": 0})
    assert load(graph, {"product_id": "p", "price": 2.0, "valid_from": day(2)}, now=LATER) == 1
    rows = ask(
        "MATCH (:Product {product_id: 'p'})-[:STATED]->(f) "
        "RETURN f {.*, ingested_at: null} ORDER BY f.facts_id"
    )
    base, dated = ({k: v for k, v in facts.items() if v is not None} for (facts,) in rows)
    assert base == {
        "facts_id": "p @", "title": "Hat", "price": 1.0, "stock": 0, "brand": "Ann"
    }  # fmt: skip
    assert dated.pop("valid_from").to_native() == day(2)
    assert dated == {"facts_id": "p @ 2025-01-02T00:00:00+00:00", "price": 2.0}


def test_a_later_row_of_the_same_time_corrects(graph: Graph) -> None:
    load(graph, {"product_id": "p", "title": "Hat", "price": 1.0, "valid_from": day(2)})
    assert load(graph, {"product_id": "p", "price": 1.5, "valid_from": day(2)}, now=LATER) == 1
    assert known(graph, 3) == {"title": "Hat", "price": 1.5}


def test_a_table_without_times_corrects_timeless_facts_and_leaves_no_history(
    graph: Graph, ask: Ask
) -> None:
    load(graph, {"product_id": "p", "price": 1.0})
    assert load(graph, {"product_id": "p", "price": 2.0}, now=LATER) == 1
    assert known(graph, 1) == {"price": 2.0}
    assert ask("MATCH (f:ProductFacts) RETURN count(f)") == [(0,)]


def test_where_facts_are_dated_a_table_without_times_is_dated_by_its_load(graph: Graph) -> None:
    load(graph, {"product_id": "p", "title": "Hat", "price": 1.0, "valid_from": day(2)})
    row = {"product_id": "p", "title": "Hat", "price": 3.0}
    assert load(graph, row, now=LATER) == 1
    assert load(graph, row, now=datetime(2026, 1, 3, tzinfo=UTC)) == 0
    [(_, before)] = facts_at(graph, ["p"], LATER)
    [(_, after)] = facts_at(graph, ["p"], datetime(2026, 1, 3, tzinfo=UTC))
    assert (before["price"], after["price"], after["valid_from"]) == (1.0, 3.0, LATER)


def test_a_statement_that_only_has_a_time_is_kept_once(graph: Graph, ask: Ask) -> None:
    row = {"product_id": "p", "title": None, "valid_from": day(2)}
    assert load(graph, row) == 1
    assert load(graph, row, now=LATER) == 0
    assert ask("MATCH (f:ProductFacts) RETURN count(f)") == [(1,)]


def test_what_was_changed_by_hand_is_mended_by_the_next_load(graph: Graph, ask: Ask) -> None:
    rows = [
        {"product_id": "p", "price": 1.0, "brand": "Ann", "valid_from": day(1)},
        {"product_id": "p", "price": 2.0, "valid_from": day(2)},
    ]
    load(graph, *rows)
    ask("MATCH (p:Product)-[r:MADE_BY]->() SET p.price = 9 DELETE r")
    assert load(graph, *rows, now=LATER) == 1
    assert ask("MATCH (p:Product)-[:MADE_BY]->(b) RETURN p.price, b.name") == [(2.0, "Ann")]


def test_a_cutoff_needs_a_zone(graph: Graph) -> None:
    with pytest.raises(ValueError, match=r"^until needs a zone \(got 2025-01-01T00:00:00\)$"):
        list(facts_at(graph, ["p"], datetime(2025, 1, 1)))


COLUMNS = {
    "title": st.sampled_from(["Hat", "Cap"]),
    "price": st.sampled_from([1.0, 2.0]),
    "stock": st.sampled_from([0, 3]),
    "brand": st.sampled_from(["Ann", "Bob"]),
    "category": st.sampled_from([["A"], ["A > B", "C"]]),
    "attributes": st.sampled_from([["x"], ["x", "y=1"]]),
    "delisted": st.booleans(),
}


@st.composite
def statements(draw: st.DrawFn) -> list[Row]:
    """Rows about two products, of each product and time at most one."""
    keys = st.tuples(st.sampled_from("pq"), st.none() | st.integers(1, 4).map(day))
    rows = []
    for product_id, time in draw(st.lists(keys, unique=True, min_size=1, max_size=6)):
        row: Row = {"product_id": product_id, "valid_from": time}
        rows.append(row | {name: draw(st.none() | values) for name, values in COLUMNS.items()})
    return rows


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=statements(), data=st.data())
def test_any_order_and_any_split_of_the_rows_gives_the_same_graph(
    graph: Graph, ask: Ask, snapshot: Snapshot, rows: list[Row], data: st.DataObject
) -> None:
    ask("MATCH (n) WHERE NOT n:ShopgraphSchema DETACH DELETE n")
    load(graph, *rows)
    whole = snapshot()
    assert load(graph, *rows, now=LATER) == 0
    assert snapshot() == whole
    ask("MATCH (n) WHERE NOT n:ShopgraphSchema DETACH DELETE n")
    shuffled = data.draw(st.permutations(rows))
    cut = data.draw(st.integers(0, len(rows)))
    for part in (shuffled[:cut], shuffled[cut:]):
        if part:
            load(graph, *part)
    assert snapshot() == whole
    for product_id in {row["product_id"] for row in rows}:
        for number in (1, 2, 5):
            told = {"p": {}, "q": {}} | dict(facts_at(graph, [product_id], day(number)))
            assert told[product_id] == by_hand(rows, product_id, day(number))


def by_hand(rows: list[Row], product_id: str, until: datetime) -> Row:
    """The facts before a moment, column by column."""
    of_it = [row for row in rows if row["product_id"] == product_id]
    of_it = [row for row in of_it if row["valid_from"] is None or row["valid_from"] < until]
    of_it.sort(key=lambda row: row["valid_from"] or datetime.min.replace(tzinfo=UTC))
    return {
        name: value
        for row in of_it
        for name, value in row.items()
        if name != "product_id" and value is not None
    }


def test_the_shipped_query_tells_a_product_as_of_a_time(graph: Graph) -> None:
    load(
        graph,
        {"product_id": "p", "title": "Hat", "price": 1.0, "valid_from": None},
        {"product_id": "p", "title": None, "price": 2.0, "valid_from": day(2)},
        {"product_id": "p", "title": "Cap", "price": 3.0, "valid_from": day(4)},
    )
    load(graph, {"product_id": "q", "title": "Bag"})
    query = find_query("product_at")
    rows = run_query(graph, query, {"product_id": "p", "until": "2025-01-03"})
    assert [(row["column"], row["value"]) for row in rows] == [("price", 2.0), ("title", "Hat")]
    assert [row["since"] for row in rows] == ["2025-01-02T00:00:00.000000000+00:00", None]
    assert run_query(graph, query, {"product_id": "q", "until": "2025-01-03"}) == [
        {"column": "title", "value": "Bag", "since": None}
    ]
