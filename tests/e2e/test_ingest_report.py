"""The quality report of a load, as a page, as JSON, and as it is kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from kg.connection import Graph

SALES = (
    "user_id,product_id,kind,occurred_at,quantity\n"
    "007,p,purchase,13/01/2025 10:00,2\n7,p,purchase,02/01/2025 09:00,1\n"
    "007,p,return,20/01/2025 10:00,1\n007,p,steal,20/01/2025 10:00,1\n"
)


def test_a_load_is_reported_kept_and_compared_with_the_last(
    person: Any, graph: Graph, tmp_path: Path
) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "interactions.csv").write_text(SALES)
    answer = person.succeed("ingest", shop, "--report", tmp_path / "page.html")
    assert (answer["read"], answer["written"], answer["rejected"]) == (4, 3, {"unknown-kind": 1})
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "1 of 4 rows (25%) were rejected, 1 of them as unknown-kind." in page
    assert "interactions.occurred_at is read with dates day-first" in page
    (kept,) = sorted((tmp_path / ".shopgraph" / "loads").glob("load-*.json"))
    assert json.loads(kept.read_text(encoding="utf-8"))["quality"]["users"]["active"] == 2

    again = person.succeed("ingest", shop, "--report", tmp_path / "again.json")
    assert (again["written"], again["unchanged"]) == (0, 3)
    report = json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))
    assert report["compared_with"].startswith("shop, ")
    assert {entry["level"] for entry in report["drift"]} == {"stable"}

    with graph.driver.session(database=graph.database) as session:
        returned, bought = session.run(
            "MATCH (u:User {user_id: '007'})-[r:RETURNED]->(p)<-[b:PURCHASED]-(u) "
            "RETURN r.returns, b.interaction_id"
        ).single(strict=True)
    assert returned == bought


def test_a_place_for_the_report_that_is_none_is_refused_before_the_load(loner: Any) -> None:
    outcome = loner.quick("ingest", ".", "--report", "nowhere/page.html")
    assert outcome.code == 2
    assert "nowhere/page.html: no file can be written there" in outcome.complaint
    assert list(loner.folder.iterdir()) == []


def test_a_zone_that_is_none_is_refused(loner: Any) -> None:
    outcome = loner.quick("ingest", ".", "--zone", "Atlantis")
    assert outcome.code == 2
    assert "'Atlantis' is no time zone" in outcome.complaint
