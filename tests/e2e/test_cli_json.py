"""What scripts may rely on: each command's ``--json`` has at least the promised keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SERVER = {"bolt", "browser", "user", "password_file", "running"}
PUBLISHED = {"run_id", "users", "recommendations"}
METRICS = {"hr@10", "ndcg@10", "recall@20", "ndcg@20", "mrr", "coverage@10", "seconds", "peak_mb"}
BASELINES = {"popularity", "item-knn", "ease", "gf-cf"}


def test_status_describes_a_server_that_never_ran(job: Any) -> None:
    answer = job.answers["status"]
    assert answer.keys() >= SERVER
    assert answer["running"] is False


def test_up_tells_where_the_server_is_and_where_its_password(job: Any) -> None:
    answer = job.answers["up"]
    assert answer.keys() >= SERVER
    assert answer["running"] is True
    assert answer["bolt"].startswith("bolt://127.0.0.1:")
    assert answer["browser"].startswith("http://127.0.0.1:")
    assert answer["user"] == "neo4j"
    assert Path(answer["password_file"]).stat().st_mode & 0o777 == 0o600
    assert job.person.succeed("status") == answer
    assert job.person.succeed("up") == answer


def test_down_stops_the_server_and_up_finds_its_data_again(job: Any) -> None:
    down = job.person.succeed("down")
    assert down.keys() >= SERVER
    assert down["running"] is False
    assert job.person.succeed("status")["running"] is False
    again = job.person.succeed("up")
    assert again["bolt"] == job.answers["up"]["bolt"]
    assert job.ask("MATCH (u:User) RETURN count(u) AS users") == [{"users": 80}]


def test_ingest_counts_every_row_once(job: Any) -> None:
    answer = job.answers["ingest"]
    assert {"read", "written", "unchanged", "rejected", "rejects_file", "seconds"} <= answer.keys()
    assert answer["rejected"] == {}
    assert answer["rejects_file"] is None
    assert answer["read"] == answer["written"] + answer["unchanged"]


def test_embed_tells_how_many_were_encoded(job: Any) -> None:
    assert job.answers["embed"].keys() >= {"encoded", "unchanged"}
    assert (job.answers["embed"]["encoded"], job.answers["embed"]["unchanged"]) == (60, 0)


def test_train_tells_the_run_and_what_was_chosen(job: Any) -> None:
    answer = job.answers["train"]
    assert {"run_id", "cutoff", "chosen", "seconds", "peak_mb"} <= answer.keys()
    assert answer["chosen"]["model"]["dim"] == 32
    assert answer["seconds"] > 0
    assert answer["peak_mb"] > 0


def test_evaluate_has_the_json_of_the_quality_benchmark(job: Any) -> None:
    answer = job.answers["evaluate"]
    assert {"dataset", "protocol", "users", "products", "interactions", "seed"} <= answer.keys()
    assert answer["chosen_on"] == "validation"
    assert answer["run_id"] == job.answers["train"]["run_id"]
    assert {"gnn"} | BASELINES <= answer["models"].keys()
    for name, metrics in answer["models"].items():
        assert metrics.keys() >= METRICS, name
        assert all(0 <= metrics[metric] <= 1 for metric in METRICS - {"seconds", "peak_mb"}), name
    assert answer["ablations"]


def test_publish_tells_who_got_how_many(job: Any) -> None:
    answer = job.answers["publish"]
    assert answer.keys() >= PUBLISHED
    assert answer["run_id"] == job.answers["train"]["run_id"]
    assert answer["users"] == 80


def test_runs_lists_each_run_and_which_is_live(job: Any) -> None:
    (run,) = job.answers["runs"]["runs"]
    assert run["run_id"] == job.answers["train"]["run_id"]
    assert run["live"] is True


def test_query_answers_rows_and_without_a_name_lists_all(job: Any) -> None:
    rows = job.answers["query"]["rows"]
    assert [row["rank"] for row in rows] == list(range(1, len(rows) + 1))
    listing = job.person.succeed("query")["queries"]
    assert {"recommend/for_user", "explain/recommendation"} <= {q["name"] for q in listing}


def test_json_comes_alone_on_stdout_of_a_real_process(job: Any) -> None:
    outcome = job.person("query", "for_user", "user_id=u0001", "--json")
    assert outcome.code == 0
    assert outcome.json == job.person.succeed("query", "for_user", "user_id=u0001")
    assert len(outcome.out.splitlines()) == 1
