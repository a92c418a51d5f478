"""Bad input, bad usage, absent servers: one line, the right exit code, an untouched graph."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from ingestion.load import load
from kg.connection import Graph

PRODUCTS = "product_id,title,price,stock\np1,Blue kettle,20,5\np2,Red kettle,22,5\np3,Mug,4,5\n"
ONE_PURCHASE = "user_id,product_id,kind,occurred_at\nu1,p1,purchase,2025-03-01T10:00:00Z\n"


def shop(folder: Path, **tables: str) -> Path:
    """A folder of tables."""
    folder.mkdir()
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def loaded(graph: Graph, tmp_path: Path, frozen: Any) -> Graph:
    """The graph of a shop where one user has bought one of three products."""
    source = shop(tmp_path / "loaded", products=PRODUCTS, interactions=ONE_PURCHASE)
    load(graph, source, rejects_dir=tmp_path)
    frozen.remember()
    return graph


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A ``.shopgraph`` on a disk of 16 kB."""
    folder = tmp_path / ".shopgraph"
    folder.mkdir()
    with mounted(folder, "size=16k"):
        yield folder


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A tmpfs on a folder; the test is skipped where none can be mounted."""
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip(f"no tmpfs can be mounted: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


# Usage


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["fly"], "No such command 'fly'"),
        (["--fly"], "No such option: --fly"),
        (["train", "--fly"], "No such option: --fly"),
        (["ingest"], "Missing argument"),
        (["publish"], "Missing argument"),
        (["ingest", "a", "b"], "extra argument"),
        (["ingest", ".", "--format", "xml"], "No format 'xml'"),
        (["ingest", ".", "--until", "soon"], "'soon' is no ISO 8601 time"),
        (["train", "--until", "2025-13-01"], "'2025-13-01' is no ISO 8601 time"),
        (["train", "--budget", "forever"], "'forever' is no duration"),
        (["train", "--budget", "0m"], "'0m' is no duration"),
        (["train", "--device", "abacus"], "'abacus' is not one of 'auto', 'cpu', 'cuda'"),
        (["query", "for_user", "--k", "many"], "--k"),
        (["query", "for_user", "user_id=u1", "--k", "0"], "--k"),
        (["query", "for_user", "u1"], "'u1': parameters are given once each, as key=value"),
        (["query", "for_user", "user_id=u1", "user_id=u2"], "once each"),
        (["query", "what_now"], "No query 'what_now'"),
        (["query", "for_user"], "check user_id"),
        (["query", "for_user", "user_id=u1", "colour=red"], "check colour"),
        (["query", "for_user", "user_id=u1", "k=ten"], "k must be INTEGER (got 'ten')"),
        (["demo", "--users", "0"], "--users"),
        (["demo", "--language", "la"], "'la' is not one of 'en', 'zh'"),
        (["benchmark", "juggling"], "No benchmark 'juggling'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_told_in_one_line_and_exits_2(
    loner: Any, words: list[str], told: str
) -> None:
    outcome = loner.quick(*words)
    assert outcome.code == 2
    assert told in outcome.complaint
    assert outcome.out == ""
    assert list(loner.folder.iterdir()) == []


def test_no_command_at_all_shows_the_help_and_exits_2(loner: Any) -> None:
    outcome = loner()
    assert outcome.code == 2
    assert "Commands:" in outcome.err
    assert outcome.out == ""


def test_wrong_usage_in_a_shell_exits_2(loner: Any) -> None:
    outcome = loner("train", "--fly")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.complaint == "No such option: --fly; see --help"


def test_with_json_a_failure_is_one_object_on_stdout_too(loner: Any) -> None:
    assert loner.quick("fly", "--json").json == {"error": "No such command 'fly'; see --help"}
    missing = loner("ingest", "nothing", "--json")
    assert missing.code == 1
    assert missing.json == {"error": missing.complaint}


def test_every_command_has_help_with_an_example(loner: Any) -> None:
    listing = loner("--help")
    assert listing.code == 0
    assert "Example: shopgraph" in listing.out
    commands = [
        line.split()[0]
        for line in listing.out.partition("Commands:")[2].splitlines()[1:]
        if line.startswith("  ") and not line.startswith("   ") and "Example" not in line
    ]
    assert {"up", "ingest", "train", "query", "benchmark"} <= set(commands)
    for command in commands:
        outcome = loner.quick(command, "--help")
        assert outcome.code == 0, command
        assert f"Example: shopgraph {command}" in " ".join(outcome.out.split()), command


def test_benchmarks_are_listed_and_have_help_with_an_example(loner: Any) -> None:
    listing = loner("benchmark")
    assert listing.code == 0
    assert "quality" in listing.out
    assert "store" not in listing.out
    assert "quality" in loner.quick("benchmark", "--json").json["benchmarks"]
    help_text = loner.quick("benchmark", "quality", "--help")
    assert help_text.code == 0
    assert "Example: shopgraph benchmark quality" in " ".join(help_text.out.split())


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--protocol", "guess"], "'guess'"),
        (["--protocol", "files", "--models", "item-knn,oracle"], "No model 'oracle'"),
        (["--protocol", "files", "--models", ","], "No model in ','"),
        (["--protocol", "files", "--models", "ease", "--ablations"], "name it in --models"),
        (["--protocol", "files", "--cutoff", "2011-09-01"], "--cutoff belongs to"),
    ],
)
def test_a_benchmark_s_wrong_usage_exits_2(loner: Any, words: Any, complaint: Any) -> None:
    outcome = loner.quick("benchmark", "quality", ".", *words)
    assert outcome.code == 2
    assert complaint in outcome.complaint


def test_a_folder_without_a_published_split_starts_no_server(loner: Any) -> None:
    outcome = loner.quick("benchmark", "quality", ".", "--protocol", "files")
    assert outcome.code == 1
    assert "neither train.txt and test.txt" in outcome.complaint


# Sources


def test_a_missing_source_is_named(person: Any, frozen: Any) -> None:
    outcome = person("ingest", "nothing.csv")
    assert outcome.code == 1
    assert outcome.complaint == "nothing.csv: no such file or folder"
    assert frozen.holds()


def test_a_missing_source_starts_no_server(loner: Any) -> None:
    assert loner("ingest", "nothing.csv").code == 1
    assert list(loner.folder.iterdir()) == []


def test_a_name_that_is_no_text_is_told_all_the_same(loner: Any) -> None:
    outcome = loner("ingest", os.fsdecode(b"caf\xe9.csv"), "--json")
    assert outcome.code == 1
    assert "no such file" in outcome.complaint
    assert "no such file" in outcome.json["error"]


def test_a_folder_without_tables_is_refused(person: Any, frozen: Any) -> None:
    (person.folder / "notes.txt").write_text("hello")
    outcome = person("ingest", ".")
    assert outcome.code == 1
    assert "none of the formats known here" in outcome.complaint
    assert frozen.holds()


def test_a_file_that_is_not_utf8_is_refused_with_line_and_byte(person: Any, frozen: Any) -> None:
    (person.folder / "products.csv").write_bytes(b"product_id,title\np1,Caf\xe9\n")
    outcome = person("ingest", "products.csv")
    assert outcome.code == 1
    assert outcome.complaint == (
        "products.csv: line 2, byte 7: 0xE9 is not UTF-8: save the file as UTF-8"
    )
    assert frozen.holds()


def test_a_header_without_a_required_column_says_which_and_what_was_there(
    person: Any, frozen: Any
) -> None:
    (person.folder / "interactions.csv").write_text("customer,product_id,kind\nu1,p1,view\n")
    outcome = person("ingest", "interactions.csv", "--json")
    assert outcome.code == 1
    assert outcome.complaint == (
        "interactions.csv: no column user_id; there are 'customer', 'product_id', 'kind'"
    )
    assert outcome.json == {"error": outcome.complaint}
    assert frozen.holds()


def test_strict_fails_after_the_rest_is_loaded(person: Any, graph: Graph) -> None:
    source = shop(person.folder / "shop", products=PRODUCTS + "p4,Pan,free,1\n")
    outcome = person("ingest", source, "--strict", "--json")
    assert outcome.code == 1
    assert outcome.complaint == "1 rows were rejected"
    assert outcome.json["read"] == 4
    assert sum(outcome.json["rejected"].values()) == 1
    assert person.quick("ingest", source).code == 0


# Servers


def test_a_wrong_password_is_told_without_repeating_it(person: Any, frozen: Any) -> None:
    outcome = person("query", "for_user", "user_id=u1", NEO4J_PASSWORD="open sesame")
    assert outcome.code == 1
    assert "refuses user 'neo4j': wrong user name or password" in outcome.complaint
    assert "sesame" not in outcome.err
    assert frozen.holds()


@pytest.mark.parametrize("uri", ["bolt://127.0.0.1:9", "neo4j://127.0.0.1:9"])
def test_an_unreachable_server_is_named(loner: Any, uri: str) -> None:
    outcome = loner("query", "for_user", "user_id=u1", "--json", NEO4J_URI=uri)
    assert outcome.code == 1
    assert outcome.complaint.startswith(f"No Neo4j server answers at {uri}")
    assert outcome.json == {"error": outcome.complaint}


def test_an_address_that_is_none_is_refused(loner: Any) -> None:
    outcome = loner("query", "for_user", "user_id=u1", NEO4J_URI="my database")
    assert outcome.code == 1
    assert "Neo4j address" in outcome.complaint


def test_an_empty_address_is_none(loner: Any) -> None:
    # What a compose file makes of a variable that is not set: the folder's own server is meant.
    (loner.folder / ".shopgraph").write_text("")
    outcome = loner("query", "for_user", "user_id=u1", NEO4J_URI="")
    assert outcome.code == 1
    assert str(loner.folder / ".shopgraph") in outcome.complaint


def test_a_port_that_speaks_http_is_no_server(loner: Any, server: Any) -> None:
    if not server.browser:
        pytest.skip("the session's server is not ours: its HTTP port is unknown")
    address = server.browser.split("/")[2]
    outcome = loner("query", "for_user", "user_id=u1", NEO4J_URI=f"bolt://{address}")
    assert outcome.code == 1
    assert "No Neo4j server answers at" in outcome.complaint


def test_a_database_that_is_not_there_is_named(person: Any) -> None:
    outcome = person("query", "for_user", "user_id=u1", NEO4J_DATABASE="warehouse")
    assert outcome.code == 1
    assert outcome.complaint == "There is no database 'warehouse'"


def test_down_and_status_where_nothing_ever_ran_change_nothing(loner: Any) -> None:
    for command in ("status", "down"):
        outcome = loner(command, "--json")
        assert outcome.code == 0
        assert outcome.json["running"] is False
    assert list(loner.folder.iterdir()) == []


# Runs and queries


def test_an_unknown_user_gets_no_rows(person: Any, loaded: Graph, frozen: Any) -> None:
    outcome = person.quick("query", "for_user", "user_id=nobody")
    assert (outcome.code, outcome.out, outcome.err) == (0, "nothing found\n", "")
    assert person.succeed("query", "for_user", "user_id=nobody")["rows"] == []
    assert frozen.holds()


def test_similar_products_before_any_run_is_published_says_so(
    person: Any, loaded: Graph, frozen: Any
) -> None:
    outcome = person.quick("query", "similar_products", "product_id=p1")
    assert outcome.code == 1
    assert outcome.complaint == ("recommend/similar_products needs a run: train, then publish one")
    assert frozen.holds()


def test_a_value_that_the_database_refuses_is_told(person: Any, loaded: Graph, frozen: Any) -> None:
    outcome = person.quick("query", "for_user", "user_id=u1", "k=-1")
    assert outcome.code == 2
    assert "recommend/for_user: The database refuses: " in outcome.complaint
    assert "gql_status" not in outcome.complaint
    assert frozen.holds()


def test_rollback_with_nothing_to_go_back_to_is_refused(
    person: Any, loaded: Graph, frozen: Any
) -> None:
    outcome = person.quick("rollback")
    assert outcome.code == 1
    assert outcome.complaint == "There is no earlier run to go back to"
    assert frozen.holds()


def test_no_run_is_published_or_evaluated_before_one_is_trained(
    person: Any, loaded: Graph, frozen: Any
) -> None:
    for words in (["publish", "latest"], ["evaluate", "live"]):
        outcome = person.quick(*words, "--json")
        assert outcome.code == 1
        assert outcome.complaint == (f"There is no {words[1]} run yet: train, then publish one")
        assert outcome.json == {"error": outcome.complaint}
    outcome = person.quick("publish", "20200101-000000-abcd")
    assert outcome.code == 1
    assert outcome.complaint.startswith("No run '20200101-000000-abcd' in ")
    assert person.succeed("runs") == {"runs": []}
    assert frozen.holds()


def test_nothing_is_trained_on_products_alone(person: Any, graph: Graph, frozen: Any) -> None:
    source = shop(person.folder / "shop", products=PRODUCTS, users="user_id\nu1\n")
    assert person.succeed("ingest", source)["written"] == 4
    frozen.remember()
    outcome = person.quick("train", "--json")
    assert outcome.code == 1
    assert outcome.complaint == "There is nothing to learn from: no user has an interaction"
    assert outcome.json == {"error": outcome.complaint}
    assert frozen.holds()
    assert person.succeed("runs") == {"runs": []}


def test_a_shop_of_one_purchase_trains_without_a_test_and_recommends_the_rest(
    person: Any, loaded: Graph, frozen: Any, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = person.succeed("train")["run_id"]
    assert "too few interactions for a held-out test" in caplog.text
    assert frozen.holds()
    refused = person.quick("evaluate", run_id)
    assert refused.code == 1
    assert "has no test: there were too few interactions" in refused.complaint
    published = person.succeed("publish", "latest")
    assert published == {"run_id": run_id, "users": 1, "recommendations": 2}
    rows = person.succeed("query", "for_user", "user_id=u1")["rows"]
    # p2 and p3 were bought by nobody.
    assert {row["product_id"] for row in rows} == {"p2", "p3"}
    # Nor was anything said of them that a model could read: like none, rather than like all.
    assert person.succeed("query", "similar_products", "product_id=p3")["rows"] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "No such file"),
        ("{", "holds no settings"),
        ('{"model": {"dim": 0}}', "dim must be at least 1 (got 0)"),
        ('{"model": {"depth": 3}}', "depth"),
        ("[]", "holds no settings"),
    ],
    ids=["missing", "no JSON", "bad value", "unknown setting", "a list"],
)
def test_bad_settings_are_refused_before_anything_is_read(
    loner: Any, text: str | None, told: str
) -> None:
    if text is not None:
        (loner.folder / "settings.json").write_text(text)
    outcome = loner.quick("train", "--config", "settings.json")
    assert outcome.code == 1
    assert told in outcome.complaint
    assert not (loner.folder / ".shopgraph").exists()


def test_cuda_where_there_is_none_is_refused_before_anything_is_read(loner: Any) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    outcome = loner.quick("train", "--device", "cuda")
    assert outcome.code == 1
    assert outcome.complaint == "There is no CUDA device here"
    assert list(loner.folder.iterdir()) == []


# Disks


def test_a_full_disk_for_rejects_is_told(person: Any, graph: Graph, tiny_disk: Path) -> None:
    bad = "".join(f"p{i},{'x' * 100},free\n" for i in range(1_000))
    source = shop(person.folder / "shop", products=f"product_id,title,price\n{bad}")
    outcome = person("ingest", source, "--json")
    assert outcome.code == 1
    assert "rejects cannot be kept: No space left on device" in outcome.complaint
    assert outcome.json == {"error": outcome.complaint}


def test_a_full_stdout_is_told(loner: Any) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full")
    with full.open("w") as handle:
        outcome = loner("status", "--json", stdout=handle.fileno())
    assert outcome.code == 1
    assert "No space left on device" in outcome.complaint


@pytest.mark.parametrize("words", [["up"], ["train"]], ids=lambda words: words[0])
def test_a_file_in_the_place_of_the_folder_is_told(loner: Any, words: list[str]) -> None:
    (loner.folder / ".shopgraph").write_text("")
    outcome = loner.quick(*words)
    assert outcome.code == 1
    assert ".shopgraph" in outcome.complaint


def test_a_folder_that_cannot_be_written_is_told_before_the_training(
    person: Any, loaded: Graph, frozen: Any
) -> None:
    folder = person.folder / ".shopgraph"
    folder.mkdir()
    with mounted(folder, "ro"):
        outcome = person.quick("train", "--json")
    assert outcome.code == 1
    assert outcome.complaint == f"{folder / 'runs'}: Read-only file system"
    assert outcome.json == {"error": outcome.complaint}
    assert frozen.holds()
