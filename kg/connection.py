"""One driver, one database, statements by the name of their file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, LiteralString, TypeVar, cast

import neo4j
from neo4j.exceptions import (
    AuthError,
    ConfigurationError,
    DriverError,
    Neo4jError,
    ResultFailedError,
    ServiceUnavailable,
    SessionExpired,
)

from kg.errors import AlreadyThere, ConnectionFailed, MemoryPoolFull, ServerTooOld, StatementFailed

CYPHER = Path(__file__).parents[1] / "cypher"

#: The first server whose databases speak Cypher 25 and filter inside a vector search.
OLDEST_SERVER = (2026, 2)

SCHEMES = ("neo4j", "bolt")

Rows = list[dict[str, Any]]

T = TypeVar("T")


@cache
def statement(name: str) -> LiteralString:
    """The text of ``cypher/NAME.cypher``."""
    text: Any = (CYPHER / f"{name}.cypher").read_text(encoding="utf-8").rstrip().removesuffix(";")
    # The driver asks for literals so that nobody concatenates input; a file of ours is one.
    return cast("LiteralString", text)


def parse_version(agent: str) -> tuple[int, ...]:
    """The numbers of a server's agent string, ``Neo4j/2026.09.0`` → ``(2026, 9, 0)``."""
    return tuple(int(part) for part in re.findall(r"\d+", agent.partition("/")[2])[:3])


def check_version(agent: str) -> None:
    """Refuse a server that lacks the vector search used here.

    Raises:
        ServerTooOld: naming both versions.
    """
    if parse_version(agent) < OLDEST_SERVER:
        needed = ".".join(f"{part:02d}" for part in OLDEST_SERVER)
        raise ServerTooOld(f"{agent} is too old: Neo4j {needed} or later is needed")


class Graph:
    """A database and the shipped statements; safe to share between threads."""

    def __init__(self, driver: neo4j.Driver, database: str) -> None:
        self.driver = driver
        self.database = database

    def read(self, name: str, /, **params: Any) -> Rows:
        """Run one statement in a read transaction, retried by the driver when that may help."""
        with self.session(neo4j.READ_ACCESS) as session:
            return session.execute_read(lambda tx: tx.run(statement(name), params).data())

    def read_packed(self, name: str, /, **params: Any) -> Rows:
        """The same for long lists and bytes: values stay as they come, nothing inside is looked at.

        The driver's ``data()`` walks through every list and byte in search of nodes: with a page of
        events, or of packed vectors, that took a hundred times as long as the reading itself.
        """
        with self.session(neo4j.READ_ACCESS) as session:
            return session.execute_read(
                lambda tx: [dict(record) for record in tx.run(statement(name), params)]
            )

    def write(self, name: str, /, **params: Any) -> Rows:
        """Run one statement in a write transaction, retried by the driver when that may help."""
        return self.in_transaction(lambda tx: _rows(tx, name, params))

    def write_all(self, statements: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Rows]:
        """Run several statements in one write transaction: all of them hold, or none."""

        def work(tx: neo4j.ManagedTransaction) -> list[Rows]:
            return [tx.run(statement(name), dict(params)).data() for name, params in statements]

        return self.in_transaction(work)

    def in_transaction(self, work: Callable[[neo4j.ManagedTransaction], T]) -> T:
        """Do the work in one write transaction, again where that may help.

        Once in a thousand failed transactions the driver (6.4) says that their result has failed
        instead of why, and does not repeat even what another writer stood in the way of.
        """
        with self.session(neo4j.WRITE_ACCESS) as session:
            while True:
                try:
                    return session.execute_write(work)
                except ResultFailedError as error:
                    why = error.__cause__
                    if not isinstance(why, Neo4jError):
                        raise
                    if not why.is_retryable():
                        raise why from None

    def run(self, name: str, /, **params: Any) -> Rows:
        """Run one statement in a transaction of its own: schema, CALL … IN TRANSACTIONS."""
        with self.session(neo4j.WRITE_ACCESS) as session:
            return session.run(statement(name), params).data()

    def stream(self, name: str, /, each: Callable[[neo4j.Record], None], **params: Any) -> None:
        """Hand over the records of one read as they arrive; not retried."""
        with self.session(neo4j.READ_ACCESS) as session:
            for record in session.run(statement(name), params):
                each(record)

    @contextmanager
    def session(self, access: str) -> Iterator[neo4j.Session]:
        """A session on the database, whose failures to connect are told in one line."""
        try:
            with self.driver.session(
                database=self.database, default_access_mode=access, fetch_size=1000
            ) as session:
                yield session
        except (ServiceUnavailable, SessionExpired, AuthError) as error:
            raise ConnectionFailed(f"Lost the database: {_line(error)}") from error
        except Neo4jError as error:
            if "DatabaseNotFound" in (error.code or ""):
                raise ConnectionFailed(f"There is no database {self.database!r}") from error
            if "ConstraintValidationFailed" in (error.code or ""):
                raise AlreadyThere(f"The database refuses: {_line(error)}") from error
            raise StatementFailed(f"The database refuses: {_line(error)}") from error


@contextmanager
def open_graph(uri: str, username: str, password: str, database: str) -> Iterator[Graph]:
    """Connect, check the server's version, and close at the end.

    Raises:
        ConnectionFailed: nothing answers at ``uri``, or it refuses the password.
        ServerTooOld: the server lacks what the statements need.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme.partition("+")[0] not in SCHEMES:
        raise ConnectionFailed("A Neo4j address begins with neo4j:// or bolt://")
    if "@" in rest:
        raise ConnectionFailed("A Neo4j address holds no user name or password")
    try:
        driver = neo4j.GraphDatabase.driver(
            uri,
            auth=(username, password),
            notifications_min_severity="OFF",
            connection_acquisition_timeout=60,
            max_transaction_retry_time=120,
            # Writers that meet on a relationship's record try again at once, not after a second.
            initial_retry_delay=0.05,
        )
    except (ConfigurationError, ValueError) as error:
        raise ConnectionFailed(f"{uri} is not a Neo4j address: {_line(error)}") from error
    with driver:
        try:
            driver.verify_connectivity()
            agent = driver.get_server_info().agent
        except AuthError as error:
            raise ConnectionFailed(
                f"{uri} refuses user {username!r}: wrong user name or password"
            ) from error
        except (DriverError, Neo4jError, OSError, ValueError) as error:
            raise ConnectionFailed(f"No Neo4j server answers at {uri}: {_line(error)}") from error
        check_version(agent)
        yield Graph(driver, database)


def _rows(tx: neo4j.ManagedTransaction, name: str, params: Mapping[str, Any]) -> Rows:
    """A statement's rows; the driver would repeat what needs too much memory for two minutes."""
    try:
        return tx.run(statement(name), dict(params)).data()
    except Neo4jError as error:
        if "MemoryPoolOutOfMemory" in (error.code or ""):
            raise MemoryPoolFull(f"Too much for one transaction: {_line(error)}") from error
        raise


def _line(error: Exception) -> str:
    """The first line of an error's own words."""
    text = error.message if isinstance(error, Neo4jError) else str(error)
    return (text or str(error)).strip().partition("\n")[0].rstrip(":")
