from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from socket import create_server
from typing import Any

import neo4j
import pytest
from neo4j.exceptions import ClientError, ResultFailedError, TransientError

from kg.connection import Graph, check_version, open_graph, parse_version, statement
from kg.errors import ConnectionFailed, ServerTooOld, StatementFailed
from kg.numbering import number_nodes


@pytest.mark.parametrize(
    ("agent", "numbers"),
    [
        ("Neo4j/2026.09.0", (2026, 9, 0)),
        ("Neo4j/5.26.4", (5, 26, 4)),
        ("Neo4j/5.27-aura", (5, 27)),
        ("unknown", ()),
    ],
)
def test_a_version_is_the_numbers_after_the_slash(agent: str, numbers: tuple[int, ...]) -> None:
    assert parse_version(agent) == numbers


@pytest.mark.parametrize("agent", ["Neo4j/4.4.40", "Neo4j/5.26.0", "Neo4j/2026.01.4", "unknown"])
def test_a_server_too_old_is_refused_in_one_line_that_names_both_versions(agent: str) -> None:
    with pytest.raises(ServerTooOld) as caught:
        check_version(agent)
    assert str(caught.value) == f"{agent} is too old: Neo4j 2026.02 or later is needed"


@pytest.mark.parametrize("agent", ["Neo4j/2026.02.0", "Neo4j/2026.09.0", "Neo4j/2027.01.0"])
def test_a_server_new_enough_is_taken(agent: str) -> None:
    check_version(agent)


@contextmanager
def refused() -> Iterator[pytest.ExceptionInfo[ConnectionFailed]]:
    """The block fails to connect and says so in one line without a secret."""
    with pytest.raises(ConnectionFailed) as caught:
        yield caught
    assert "hush" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_password_is_named_as_such_and_not_shown(server: Any) -> None:
    with refused() as caught, open_graph(server.uri, server.username, "hush", "neo4j"):
        pass
    assert str(caught.value) == (
        f"{server.uri} refuses user {server.username!r}: wrong user name or password"
    )


@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
def test_a_port_that_nobody_listens_on_is_named(scheme: str) -> None:
    with closing(create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    uri = f"{scheme}://127.0.0.1:{port}"
    with refused() as caught, open_graph(uri, "neo4j", "hush", "neo4j"):
        pass
    assert str(caught.value).startswith(f"No Neo4j server answers at {uri}: ")


def test_a_host_that_does_not_exist_is_named() -> None:
    uri = "bolt://nowhere.invalid:7687"
    with refused() as caught, open_graph(uri, "neo4j", "hush", "neo4j"):
        pass
    assert str(caught.value).startswith(f"No Neo4j server answers at {uri}: ")


def test_a_port_that_is_no_number_is_refused() -> None:
    with refused(), open_graph("bolt://127.0.0.1:door", "neo4j", "hush", "neo4j"):
        pass


@pytest.mark.parametrize("scheme", ["bolt", "neo4j"])
def test_an_unknown_database_is_named(server: Any, scheme: str) -> None:
    uri = f"{scheme}://{server.uri.partition('://')[2]}"
    with refused() as caught, open_graph(uri, server.username, server.password, "no-such") as graph:
        graph.read("read/count_rows")
    assert str(caught.value) == "There is no database 'no-such'"


@pytest.mark.parametrize("uri", ["http://127.0.0.1:7474", "rubbish", "", "7687", "bolt:/x"])
def test_another_kind_of_address_is_refused(uri: str) -> None:
    with refused() as caught, open_graph(uri, "neo4j", "hush", "neo4j"):
        pass
    assert str(caught.value) == "A Neo4j address begins with neo4j:// or bolt://"


@pytest.mark.parametrize("uri", ["bolt://neo4j:hush@127.0.0.1:7687", "neo4j+s://hush@x.io"])
def test_a_password_in_the_address_is_refused_and_not_shown(uri: str) -> None:
    with refused() as caught, open_graph(uri, "neo4j", "", "neo4j"):
        pass
    assert str(caught.value) == "A Neo4j address holds no user name or password"


def test_a_statement_that_fails_says_so_in_one_line(graph: Graph) -> None:
    with pytest.raises(StatementFailed) as caught:
        graph.read("recommend/for_user", user_id="u", k=-1)
    assert str(caught.value).startswith("The database refuses: ")
    assert "\n" not in str(caught.value)


def test_a_read_may_not_write(graph: Graph) -> None:
    with pytest.raises(StatementFailed):
        graph.read("write/merge_bare_users", ids=["u"], now=None)
    assert graph.read("read/count_rows")[0]["users"] == 0


def test_statements_of_one_transaction_all_hold_or_none(graph: Graph) -> None:
    good = ("write/merge_bare_users", {"ids": ["u"], "now": None})
    with pytest.raises(StatementFailed):
        graph.write_all([good, ("write/merge_bare_users", {})])
    assert graph.read("read/users", **{"from": 0, "to": 1, "until": None}) == [
        {"idx": [], "id": []}
    ]
    graph.write_all([good])
    number_nodes(graph, "users")
    assert graph.read("read/users", **{"from": 0, "to": 1, "until": None}) == [
        {"idx": [0], "id": ["u"]}
    ]


def failing_as(why: Exception, times: int) -> Callable[[neo4j.ManagedTransaction], str]:
    """Work that comes to nothing so many times, told as the driver does now and then."""
    left = [why] * times

    def work(tx: neo4j.ManagedTransaction) -> str:
        result = tx.run("RETURN 'done' AS how")
        if left:
            raise ResultFailedError(result, "The result has failed") from left.pop()
        return str(result.single(strict=True)["how"])

    return work


def test_why_a_result_failed_is_told_or_the_work_done_again(graph: Graph) -> None:
    assert graph.in_transaction(failing_as(TransientError(), times=2)) == "done"
    with pytest.raises(StatementFailed) as told:
        graph.in_transaction(failing_as(ClientError(), times=1))
    assert isinstance(told.value.__cause__, ClientError)
    with pytest.raises(ResultFailedError):
        graph.in_transaction(failing_as(ValueError(), times=1))
    assert graph.in_transaction(failing_as(ValueError(), times=0)) == "done"


def test_a_stream_hands_over_every_record(graph: Graph) -> None:
    graph.write("write/merge_bare_users", ids=["u", "v"], now=None)
    number_nodes(graph, "users")
    seen: list[list[str]] = []
    graph.stream(
        "read/users",
        lambda record: seen.append(record["id"]),
        **{"from": 0, "to": 9, "until": None},
    )
    assert [sorted(ids) for ids in seen] == [["u", "v"]]


def test_a_statement_is_its_file_without_the_last_semicolon() -> None:
    text = statement("recommend/for_user")
    assert text.startswith("// Recommended for a user")
    assert text.endswith("THEN toInteger($k) ELSE 10000 END")
