from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

from kg.connection import Graph
from kg.returns import link_returns, match_returns
from kg.write import merge_table

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def bought(key: str, time: int | None, quantity: float | None = None) -> dict[str, Any]:
    return {"interaction_id": key, "is_return": False, "time_ms": time, "quantity": quantity}


def returned(key: str, time: int | None, quantity: float | None = None) -> dict[str, Any]:
    return bought(key, time, quantity) | {"is_return": True}


@pytest.mark.parametrize(
    ("events", "found"),
    [
        ([bought("a", 1), bought("b", 2), returned("r", 3)], {"r": "b"}),
        ([bought("a", 1, 5), bought("b", 2, 1), returned("r", 3, 2)], {"r": "a"}),
        ([bought("a", 1, 2), returned("r", 2, 1), returned("s", 3, 1)], {"r": "a", "s": "a"}),
        ([bought("a", 1, 2), returned("r", 2, 1), returned("s", 3, 2)], {"r": "a"}),
        ([bought("a", 1, 1), bought("b", 2, 1), returned("s", 4, 1), returned("r", 3, 1)],
         {"r": "b", "s": "a"}),
        ([returned("r", 1), bought("a", 2)], {}),
        ([bought("a", 1), returned("r", 1)], {"r": "a"}),
        ([bought("a", None), returned("r", 3)], {}),
        ([bought("a", 1), returned("r", None)], {}),
        ([], {}),
    ],
)  # fmt: skip
def test_a_return_gives_back_the_latest_purchase_with_enough_left(
    events: list[dict[str, Any]], found: dict[str, str]
) -> None:
    assert match_returns(events) == found
    assert match_returns(reversed(events)) == found


def events(*rows: tuple[str, str, str, str, float]) -> pd.DataFrame:
    names = ["interaction_id", "user_id", "kind", "occurred_at", "quantity"]
    frame = pd.DataFrame(rows, columns=names).assign(product_id="p", line=1)
    return frame.assign(occurred_at=pd.to_datetime(frame["occurred_at"], utc=True))


def links(graph: Graph) -> dict[str, str | None]:
    with graph.driver.session(database=graph.database) as session:
        rows = session.run(
            "MATCH ()-[r:RETURNED]->() RETURN r.interaction_id AS id, r.returns AS of"
        )
        return {row["id"]: row["of"] for row in rows}


def test_returns_are_linked_again_when_an_earlier_purchase_comes_late(graph: Graph) -> None:
    first = events(
        ("a", "u", "purchase", "2011-01-01", 1),
        ("r", "u", "return", "2011-01-05", 1),
        ("x", "v", "return", "2011-01-05", 1),
    )
    merge_table(graph, "interactions", first, NOW)
    assert link_returns(graph, NOW) == 1
    assert links(graph) == {"r": "a", "x": None}
    assert link_returns(graph, NOW) == 0
    later = datetime(2026, 1, 2, tzinfo=UTC)
    merge_table(graph, "interactions", events(("b", "u", "purchase", "2011-01-03", 2)), later)
    assert link_returns(graph, later) == 1
    assert links(graph) == {"r": "b", "x": None}
    assert link_returns(graph) == 0


def test_returns_of_a_load_that_was_broken_off_are_linked_by_the_next(graph: Graph) -> None:
    link_returns(graph, NOW)
    broken = datetime(2026, 1, 2, tzinfo=UTC)
    rows = events(
        ("a", "u", "purchase", "2011-01-01", 1),
        ("r", "u", "return", "2011-01-05", 1),
    )
    merge_table(graph, "interactions", rows, broken)
    later = datetime(2026, 1, 3, tzinfo=UTC)
    merge_table(graph, "interactions", rows, later)
    assert link_returns(graph, later) == 1
    assert links(graph) == {"r": "a"}
