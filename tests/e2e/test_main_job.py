"""The main job, end to end: tables in, recommendations out, and every step repeatable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gnn import runs
from gnn.tensors import histories_of
from kg.read import read_tensors
from shopgraph.publishing import known_at

#: The statement that the outside relies on.
LIVE = """
MATCH (run:ModelRun {live: true})
MATCH (:User {user_id: $user_id})-[r:RECOMMENDED {run_id: run.run_id}]->(p:Product)
RETURN p.product_id, r.score ORDER BY r.rank
"""

BOUGHT_AND_OFFERED = """
MATCH (run:ModelRun {live: true})
MATCH (u:User)-[r:RECOMMENDED {run_id: run.run_id}]->(p:Product)<-[:PURCHASED]-(u)
RETURN count(DISTINCT r) AS pairs
"""

SCORED = """
MATCH (run:ModelRun {live: true})
MATCH (u:User)-[r:RECOMMENDED {run_id: run.run_id}]->(p:Product)
WITH u, p, r, CASE run.slot WHEN 'a' THEN [u.vector_a, p.vector_a] ELSE [u.vector_b, p.vector_b] END
     AS pair
RETURN u.user_id AS user_id, p.product_id AS product_id, r.score AS score,
       pair[0] AS user, pair[1] AS product
"""


@pytest.fixture
def second_run(job: Any) -> Iterator[str]:
    """A newer run, published; afterwards the first is live again."""
    run_id = job.person.succeed("train", "--config", "quick.json")["run_id"]
    assert job.person.succeed("publish", run_id)["run_id"] == run_id
    yield run_id
    job.person.succeed("publish", job.answers["train"]["run_id"])


@pytest.mark.parametrize("user_id", ["u0001", "u0040", "u0080"])
def test_a_query_by_name_answers_what_the_live_statement_does(job: Any, user_id: str) -> None:
    rows = job.person.succeed("query", "for_user", f"user_id={user_id}")["rows"]
    live = job.ask(LIVE, user_id=user_id)
    assert 0 < len(live) <= 20
    assert [(row["product_id"], row["score"]) for row in rows] == [
        (row["p.product_id"], row["r.score"]) for row in live
    ]
    scores = [row["score"] for row in rows]
    assert scores == sorted(scores, reverse=True)
    few = job.person.succeed("query", "for_user", f"user_id={user_id}", "--k", "3")["rows"]
    assert few == rows[:3]


@pytest.mark.parametrize("user_id", ["u0001", "u0040", "u0080"])
def test_cypher_alone_ranks_as_the_run_did(job: Any, user_id: str) -> None:
    live = job.ask(LIVE, user_id=user_id)
    asked = ("query", "ranking", f"user_id={user_id}", "--k", str(len(live)))
    rows = job.person.succeed(*asked)["rows"]
    assert [(row["product_id"], row["stored"]) for row in rows] == [
        (row["p.product_id"], place) for place, row in enumerate(live, 1)
    ]
    stored = [row["r.score"] for row in live]
    assert [row["score"] for row in rows] == pytest.approx(stored, rel=1e-3)
    # The edges have their part in it.
    assert len({round(row["history"], 3) for row in rows}) > 1


def test_the_same_tables_again_write_nothing(job: Any) -> None:
    again = job.person.succeed("ingest", job.tables)
    assert again["written"] == 0
    assert again["unchanged"] == again["read"] == job.answers["ingest"]["read"]


def test_texts_that_have_not_changed_are_not_encoded_again(job: Any) -> None:
    again = job.person.succeed("embed")
    assert (again["encoded"], again["unchanged"]) == (0, 60)


def test_one_changed_title_is_one_text_to_encode(job: Any, tmp_path: Path) -> None:
    products = pd.read_csv(job.tables / "products.csv.gz", dtype=str)
    products.loc[0, "title"] = "Limited edition"
    products.to_csv(tmp_path / "products.csv", index=False)
    loaded = job.person.succeed("ingest", tmp_path / "products.csv")
    assert (loaded["read"], loaded["written"], loaded["unchanged"]) == (60, 1, 59)
    embedded = job.person.succeed("embed")
    assert (embedded["encoded"], embedded["unchanged"]) == (1, 59)
    # Back again, for whoever comes next.
    assert job.person.succeed("ingest", job.tables / "products.csv.gz")["written"] == 1
    assert job.person.succeed("embed")["encoded"] == 1


def test_what_users_bought_and_what_has_sold_out_is_left_out(job: Any) -> None:
    assert job.ask(BOUGHT_AND_OFFERED) == [{"pairs": 0}]
    out = job.ask(
        "MATCH (p:Product) WHERE NOT p.in_stock OR p.delisted "
        "RETURN count(p) AS products, sum(COUNT { (p)<-[:RECOMMENDED]-() }) AS recommended"
    )
    assert out[0]["products"] >= 3
    assert out[0]["recommended"] == 0


def test_a_product_that_sells_out_leaves_the_answers_at_once(job: Any, tmp_path: Path) -> None:
    first = job.answers["query"]["rows"][0]["product_id"]
    (tmp_path / "products.csv").write_text(f"product_id,stock\n{first},0\n")
    job.person.succeed("ingest", tmp_path / "products.csv")
    rows = job.person.succeed("query", "for_user", "user_id=u0001")["rows"]
    before = job.answers["query"]["rows"]
    assert [row["product_id"] for row in rows[:-1]] == [row["product_id"] for row in before[1:]]
    assert [row["source"] for row in rows] == ["stored"] * 19 + ["popular"]
    job.person.succeed("ingest", job.tables / "products.csv.gz")
    assert job.person.succeed("query", "for_user", "user_id=u0001") == job.answers["query"]


def test_every_reason_is_a_path_that_is_there_and_matters(job: Any) -> None:
    counts = job.ask(
        "MATCH ()-[r:RECOMMENDED {run_id: $run_id}]->() "
        "RETURN count(r) AS offers, count(CASE WHEN size(r.reasons) > 0 THEN 1 END) AS explained, "
        "max(size(r.reasons)) AS most",
        run_id=job.answers["publish"]["run_id"],
    )[0]
    assert counts["most"] <= 3
    assert counts["explained"] > 0.8 * counts["offers"]
    (run,) = job.ask("MATCH (run:ModelRun {live: true}) RETURN properties(run) AS run")
    assert run["run"]["explained"] == counts["explained"]
    # The deletion test: without what a reason names the score falls, more than without anything.
    assert run["run"]["faithfulness_fell"] > 0.99
    assert run["run"]["faithfulness_drop"] > run["run"]["faithfulness_control_drop"]
    for language, word in (("en", "you "), ("zh", "您")):
        rows = job.person.succeed("query", "reasons", "user_id=u0001", f"language={language}")
        stored = job.ask(
            "MATCH (:User {user_id: 'u0001'})-[r:RECOMMENDED {run_id: $run_id}]->() "
            "RETURN size(r.reasons) AS reasons ORDER BY r.rank",
            run_id=job.answers["publish"]["run_id"],
        )
        told = [(len(row["reasons"]), len(row["paths"])) for row in rows["rows"]]
        assert told == [(row["reasons"], row["reasons"]) for row in stored]
        for row in rows["rows"]:
            assert row["shares"] == sorted(row["shares"], reverse=True)
            assert sum(row["shares"]) <= 1.02
            for sentence in row["reasons"]:
                assert word in sentence.lower()
                assert "{" not in sentence
            for path in row["paths"]:
                assert path.startswith("(User u0001)-[")
                assert path.endswith(f"(Product {row['product_id']})")


def test_keep_seen_recommends_what_users_bought_also_of_a_run_that_is_live(job: Any) -> None:
    run_id = job.answers["train"]["run_id"]
    kept = job.person.succeed("publish", run_id, "--keep-seen")
    assert kept["run_id"] == run_id
    assert job.ask(BOUGHT_AND_OFFERED)[0]["pairs"] > 0
    ranks = job.ask(
        "MATCH (:User {user_id: 'u0001'})-[r:RECOMMENDED {run_id: $run_id}]->(:Product) "
        "RETURN r.rank AS rank ORDER BY rank",
        run_id=run_id,
    )
    assert [row["rank"] for row in ranks] == list(range(1, 21))
    assert job.person.succeed("publish", run_id) == job.answers["publish"]
    assert job.ask(BOUGHT_AND_OFFERED) == [{"pairs": 0}]
    assert job.person.succeed("query", "for_user", "user_id=u0001") == job.answers["query"]


def test_rollback_makes_the_former_run_live_with_its_own_answers(job: Any, second_run: str) -> None:
    assert {run["run_id"]: run["live"] for run in job.person.succeed("runs")["runs"]} == {
        second_run: True,
        job.answers["train"]["run_id"]: False,
    }
    assert job.person.succeed("rollback") == job.answers["publish"]
    assert job.person.succeed("query", "for_user", "user_id=u0001") == job.answers["query"]
    similar = job.person.succeed("query", "similar_products", "product_id=p0001", "--k", "5")
    assert len(similar["rows"]) == 5


def test_a_run_s_folder_has_no_pickle_and_scores_as_the_graph_says(job: Any) -> None:
    folder = job.person.folder / ".shopgraph" / "runs"
    run = runs.load_run(folder, job.answers["train"]["run_id"])
    names = {path.name for path in (folder / run.run_id).iterdir()}
    assert {Path(name).suffix for name in names} == {".json", ".safetensors"}
    recommender = runs.load_recommender(folder, run)
    users, products = runs.load_ids(folder, run)
    with job.graph() as graph:
        histories = histories_of(read_tensors(graph, None).data)
    assert run.cutoff is not None
    known, now = known_at(histories, datetime.fromisoformat(run.cutoff))
    scores = recommender.score(known, now)
    # What the vectors alone can say, without the sparse term between products.
    dots = replace(recommender, neighbours=None).score(known, now)
    rows = job.ask(SCORED)
    assert len(rows) == job.answers["publish"]["recommendations"]
    u = [users.index(row["user_id"]) for row in rows]
    p = [products.index(row["product_id"]) for row in rows]
    stored = np.array([row["score"] for row in rows])
    product = [np.dot(row["user"], row["product"]) for row in rows]
    np.testing.assert_allclose(stored, scores[u, p], atol=1e-4)
    np.testing.assert_allclose(product, dots[u, p], atol=1e-4)
