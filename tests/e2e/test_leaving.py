"""Leaving as a person asks for it, by command and by table, in a store and the folder beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kg.connection import Graph

EVENTS = (
    "user_id,product_id,kind,occurred_at,order_id,interaction_id\n"
    "ann,p,purchase,2025-01-01,o1,e1\n"
    "bob,p,purchase,2025-01-02,o2,e2\n"
    "ann,q,view,2025-01-03,,e3\n"
    "ann,q,view,someday,,e4\n"
    "ann,q\n"
    "bob,q,view,2025-01-04,,e5\n"
)


@pytest.fixture
def shop(person: Any, graph: Graph) -> Path:
    """A folder of tables, and a run beside it that knows both users."""
    folder: Path = person.folder / "shop"
    folder.mkdir()
    (folder / "interactions.csv").write_text(EVENTS)
    (folder / "follows.csv").write_text("user_id,follows_id\nbob,ann\n")
    run = person.folder / ".shopgraph" / "runs" / "20260101-000000-abcd"
    run.mkdir(parents=True)
    (run / "ids.json").write_text(json.dumps({"users": ["ann", "bob"], "products": ["p", "q"]}))
    loads = person.folder / ".shopgraph" / "loads"
    loads.mkdir()
    examples = [{"line": 5, "row": "ann,q,view,someday,,e4"}, {"line": 9, "row": "bob,,view,,,e9"}]
    told = {"read": 7, "quality": {"rejected": {"bad-time": {"examples": examples}}}}
    (loads / "load-20260101T000000000000Z.json").write_text(json.dumps(told))
    return folder


def everything(graph: Graph, folder: Path) -> str:
    """All properties of the store, and all text that is kept beside it."""
    with graph.driver.session(database=graph.database) as session:
        nodes = session.run("MATCH (n) RETURN properties(n) AS p").value()
        links = session.run("MATCH ()-[r]->() RETURN properties(r) AS p").value()
    files = [path for path in (folder / ".shopgraph").rglob("*") if path.is_file()]
    return repr(nodes) + repr(links) + "".join(path.read_text() for path in files)


def test_a_forgotten_user_is_nowhere_and_stays_away_until_asked_back(
    person: Any, shop: Path, graph: Graph
) -> None:
    loaded = person.succeed("ingest", "shop")
    assert loaded["rejected"] == {"bad-time": 1, "wrong-number-of-columns": 1}
    assert "ann" in everything(graph, person.folder)
    forgotten = person.succeed("forget", "ann")
    assert (forgotten["deleted"], forgotten["new"]) == (1, 1)
    # The run's ids, the rejected rows, and what the reports of two loads quote.
    assert len(forgotten["files"]) == 4
    assert "ann" not in everything(graph, person.folder)
    assert "bob" in everything(graph, person.folder)
    again = person.succeed("ingest", "shop")
    assert (again["read"], again["written"], again["unchanged"]) == (7, 0, 2)
    assert again["rejected"] == {"forgotten": 4, "wrong-number-of-columns": 1}
    assert "ann" not in everything(graph, person.folder)
    assert person.succeed("forget", "--undo", "ann") == {"table": "users", "undone": 1}
    assert person.succeed("ingest", "shop")["written"] == 3


def test_a_table_deletes_as_the_commands_do(person: Any, shop: Path, graph: Graph) -> None:
    person.succeed("ingest", "shop")
    rows = "table,id,occurred_at\nusers,ann,\ninteractions,e2,2025-02-01\nbrands,x,\n"
    (shop / "deletions.csv").write_text(rows)
    loaded = person.succeed("ingest", "shop")
    assert loaded["rejected"] == {
        "deleted": 1, "forgotten": 4, "unknown-table": 1, "wrong-number-of-columns": 1
    }  # fmt: skip
    assert (loaded["read"], loaded["written"]) == (10, 2)
    with graph.driver.session(database=graph.database) as session:
        left = session.run("MATCH (u:User)-[e]->() RETURN u.user_id, e.interaction_id").values()
        orders = session.run("MATCH (o:Order) RETURN o.order_id").value()
    assert left == [["bob", "e5"]]
    assert orders == []
    (shop / "deletions.csv").rename(shop / "deletions.txt")
    assert person.succeed("ingest", "shop")["written"] == 0


def test_a_deletion_of_after_until_waits(person: Any, shop: Path, graph: Graph) -> None:
    (shop / "deletions.csv").write_text("table,id,occurred_at\nusers,ann,2025-02-01\n")
    loaded = person.succeed("ingest", "shop", "--until", "2025-02-01")
    assert loaded["rejected"]["after-until"] == 1
    assert "forgotten" not in loaded["rejected"]


def test_products_are_delisted_and_deleted_by_command(
    person: Any, shop: Path, graph: Graph
) -> None:
    person.succeed("ingest", "shop")
    assert person.succeed("delist", "p") == {"products": 1, "delisted": True}
    assert person.succeed("delist", "p", "--undo") == {"products": 1, "delisted": False}
    outcome = person.quick("delist", "nothing")
    assert (outcome.code, outcome.complaint) == (1, "No product nothing in the graph")
    assert person.succeed("delete", "products", "p")["deleted"] == 1
    assert person.succeed("ingest", "shop")["rejected"]["deleted"] == 2
    outcome = person.quick("delete", "brands", "x")
    assert outcome.code == 2
    assert "No table 'brands' to delete from" in outcome.complaint
