"""The batch job on a shop that goes on selling: what it changes, refuses and leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from shopgraph.jobs import job as hold
from shopgraph.simulation.shop import simulate

LIVE = """
MATCH (run:ModelRun {live: true})
MATCH (u:User)-[r:RECOMMENDED {run_id: run.run_id}]->(:Product)
RETURN run.run_id AS run_id, count(DISTINCT u) AS users
"""

SETTINGS = {
    "model": {"dim": 8, "members": 2, "neighbours": 20},
    "training": {"epochs": 2, "folds": 2},
    "retrain": {
        "full_above": 0.5,
        "keep_runs": 2,
        "gate": {"baselines": ["popularity"], "min_users": 5, "holdout_days": 60},
    },
}


def live(graph: Any) -> dict[str, Any]:
    with graph.driver.session(database=graph.database) as session:
        return session.run(LIVE).single().data()


def run_node(graph: Any) -> dict[str, Any]:
    with graph.driver.session(database=graph.database) as session:
        return session.run("MATCH (run:ModelRun {live: true}) RETURN run").single()["run"]


@pytest.mark.slow
def test_a_shop_is_kept_up_to_date_night_after_night(person: Any, graph: Any) -> None:
    tables = person.folder / "shop"
    simulate(tables, users=70, products=50, seed=3)
    events = pd.read_csv(tables / "interactions.csv.gz", dtype=str).sort_values("occurred_at")
    first, second = events.iloc[: len(events) * 7 // 10], events.iloc[len(events) * 7 // 10 :]
    first.to_csv(tables / "interactions.csv.gz", index=False)
    settings = person.folder / "job.json"
    settings.write_text(json.dumps(SETTINGS))
    words = ("retrain", "--config", settings, "--budget", "1m")
    person.succeed("ingest", tables)

    # Nothing is live: all is trained, and the test is that of train.
    facts = person.succeed(*words)
    assert (facts["mode"], facts["because"]) == ("full", "there is no live run")
    assert facts["encoded"] + facts["unchanged"] == 50
    assert {"cutoff", "chosen", "seconds", "peak_mb", "users", "metrics"} <= facts.keys()
    initial = facts["run_id"]
    assert live(graph)["run_id"] == initial

    # Nothing has changed: nothing is done.
    again = person.succeed(*words)
    assert (again["mode"], again["run_id"]) == ("none", initial)

    # The next days, with a new user: the live run's weights go on.
    late = person.folder / "late.csv"
    second = second.rename(columns={"kind": "kind"})
    second.to_csv(person.folder / "interactions.csv", index=False)
    person.succeed("ingest", person.folder / "interactions.csv")
    delta = person.succeed(*words)
    assert (delta["mode"], delta["because"]) == ("delta", f"goes on from run {initial}")
    assert (delta["arrived"], delta["gone"]) == (len(second), 0)
    assert live(graph)["run_id"] == delta["run_id"] != initial
    assert all(check["passed"] for check in delta["checks"])
    names = {check["name"] for check in delta["checks"]}
    assert {"ndcg@20 against live", "coverage@10", "users", "events", "cutoff"} <= names
    node = run_node(graph)
    assert (node["mode"], node["forced"]) == ("delta", False)
    assert json.loads(node["checks"]) == delta["checks"]
    rolled = person.succeed("rollback")
    assert rolled["run_id"] == initial
    person.succeed("publish", delta["run_id"])
    person.succeed("runs", "--tensorboard", person.folder / "board")
    assert {path.name for path in (person.folder / "board").iterdir()} == {
        initial,
        delta["run_id"],
    }

    # A third of the shop is gone, and one purchase is of next century: refused, and said so.
    with graph.driver.session(database=graph.database) as session:
        session.run("MATCH (u:User) WHERE u.idx < 30 MATCH (u)-[e]->(:Product) DELETE e").consume()
    before = live(graph)
    refused = person.quick(*words, "--json")
    assert refused.code == 3
    assert "events, the live run knew" in refused.complaint
    assert refused.json["refused"] == [refused.json["refused"][0]]
    assert live(graph) == before
    late.write_text(
        "user_id,product_id,occurred_at\n"
        f"{second['user_id'].iloc[0]},{second['product_id'].iloc[0]},2126-01-01\n"
    )
    late.rename(person.folder / "more-interactions.csv")
    folder = person.folder / "more"
    folder.mkdir()
    (person.folder / "more-interactions.csv").rename(folder / "interactions.csv")
    person.succeed("ingest", folder)
    refused = person.quick(*words)
    assert refused.code == 3
    assert "in the future" in refused.complaint
    assert live(graph) == before

    # What the jobs left for whoever watches.
    home = person.folder / ".shopgraph"
    lines = [json.loads(line) for line in (home / "retrain.jsonl").read_text().splitlines()]
    assert [line["mode"] for line in lines][-2:] == ["none", "none"]
    assert lines[-1]["refused"]
    metrics = (home / "retrain.prom").read_text()
    assert "\nshopgraph_retrain_success 0\n" in metrics
    assert len(list((home / "runs").iterdir())) == 2


def test_a_second_retraining_says_why_it_does_not_begin(person: Any, graph: Any) -> None:
    with hold(person.folder / ".shopgraph", "ingest"):
        outcome = person("retrain", "--wait", "1s")
    assert outcome.code == 1
    assert "ingest (process" in outcome.complaint
    assert "still at work" in outcome.complaint


def test_an_empty_shop_has_nothing_to_publish_even_by_force(person: Any, graph: Any) -> None:
    for words in (("retrain",), ("retrain", "--force")):
        outcome = person.quick(*words)
        assert outcome.code == 3
        assert "there are no users" in outcome.complaint


@pytest.mark.parametrize(
    "text",
    ["{", '{"retrain": {"keep_runs": 1}}', '{"retrain": {"gate": {"baselines": ["none such"]}}}',
     '{"retrain": {"nonsense": 1}}', '{"retrain": {"gate": {"least_share": 2}}}'],
)  # fmt: skip
def test_settings_that_mean_nothing_are_told(person: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "job.json").write_text(text)
    outcome = person.quick("retrain", "--config", tmp_path / "job.json")
    assert outcome.code == 1
    assert "holds no settings" in outcome.complaint
