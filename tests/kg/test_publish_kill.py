"""Publishing killed at random moments, while readers ask: no answer is ever mixed or empty.

``SHOPGRAPH_KILLS`` says how often; a campaign takes 100 or more.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from kg.connection import Graph
from kg.publish import publish, read_live_run

KILLS = int(os.environ.get("SHOPGRAPH_KILLS", "3"))

Ask = Callable[..., list[tuple[Any, ...]]]

#: Makes run ``number``: its lists and neighbours tell its number.
MAKE = """
import numpy as np
from kg.publish import Publication

USERS, PRODUCTS, TOP = 300, 40, 4

def make(number):
    lists = (number * 3 + np.arange(USERS)[:, None] + np.arange(TOP)) % PRODUCTS
    scores = np.full((USERS, TOP), number, np.float32) - np.arange(TOP, dtype=np.float32) / 8
    angles = np.random.default_rng(number).permutation(PRODUCTS) * 0.03 + 0.01
    products = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    users = np.full((USERS, 2), number, np.float32)
    return Publication(f"run-{number}", {}, users, products, lists.astype(np.int64), scores)
"""

#: Imports once; for each line of its input a child publishes run after run until it is killed.
PUBLISHER = (
    MAKE
    + """
import os, sys
from datetime import datetime, UTC
import kg.publish as module
from kg.connection import open_graph

module.BATCH_USERS = 20
print("ready", flush=True)
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        number = int(line)
        with open_graph(*sys.argv[1:]) as graph:
            print(os.getpid(), flush=True)
            while True:
                number = number % 6 + 1
                module.publish(graph, make(number), datetime.now(UTC))
    os.waitpid(pid, 0)
    print("dead", flush=True)
"""
)

LIVE = """
MATCH (run:ModelRun {live: true})
MATCH (:User {user_id: $user_id})-[r:RECOMMENDED {run_id: run.run_id}]->(p:Product)
RETURN p.idx, r.score ORDER BY r.rank
"""

made: dict[str, Any] = {}
exec(MAKE, made)
RUNS = {number: made["make"](number) for number in range(1, 8)}


def lists_of(user: int) -> dict[tuple[Any, ...], int]:
    """What a user may be told, and the run that tells it."""
    return {
        tuple(zip(run.products[user].tolist(), run.scores[user].tolist(), strict=True)): number
        for number, run in RUNS.items()
    }


class Readers:
    """They ask for lists as fast as they can, and for whose vectors are served."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.seen: Counter[str] = Counter()

    def lists(self, turn: int, stop: threading.Event) -> None:
        chance = random.Random(turn)
        with self.graph.driver.session(
            database=self.graph.database, default_access_mode="READ"
        ) as session:
            while not stop.is_set():
                user = chance.randrange(made["USERS"])
                found = tuple((r[0], r[1]) for r in session.run(LIVE, user_id=f"u{user}"))
                number = lists_of(user).get(found)
                kind = "empty" if not found else "mixed" if number is None else "whole"
                self.seen[kind] += 1

    def vectors(self, turn: int, stop: threading.Event) -> None:
        """Users' vectors say the number of their run in every place."""
        query = """
        MATCH (live:ModelRun {live: true})
        WITH live.run_id AS run_id
        OPTIONAL MATCH (run:VectorSlot {run_id: run_id})
        MATCH (u:User)
        WITH run, collect(CASE run.slot WHEN 'a' THEN u.vector_a ELSE u.vector_b END) AS vectors
        RETURN run.run_id AS run_id, size(vectors) AS users,
               size([v IN vectors WHERE v[0] <> toInteger(substring(run.run_id, 4))]) AS wrong
        """
        with self.graph.driver.session(
            database=self.graph.database, default_access_mode="READ"
        ) as session:
            while not stop.is_set():
                row = session.run(query).single()
                assert row is not None
                whole = row["users"] == made["USERS"] and row["wrong"] == 0
                self.seen["whole vectors" if whole else "mixed vectors"] += 1


@pytest.mark.slow
def test_a_publication_killed_at_any_moment_leaves_readers_one_whole_run(
    graph: Graph, ask: Ask, server: Any, reading: Any
) -> None:
    ask("UNWIND range(0, $n - 1) AS i CREATE (:User {user_id: 'u' + i, idx: i})", n=made["USERS"])
    ask(
        "UNWIND range(0, $n - 1) AS i "
        "CREATE (:Product {product_id: 'p' + i, idx: i, in_stock: true})",
        n=made["PRODUCTS"],
    )
    publish(graph, RUNS[1], datetime.now(UTC))
    access = (server.uri, server.username, server.password, server.database)
    chance = random.Random(int(time.time()))
    readers = Readers(graph)
    with (
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", PUBLISHER, *access],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as publisher,
        reading(readers.lists, readers.lists, readers.vectors),
    ):
        assert publisher.stdin is not None
        assert publisher.stdout is not None
        assert publisher.stdout.readline() == "ready\n"
        for kill in range(KILLS):
            publisher.stdin.write(f"{kill % 6 + 1}\n")
            publisher.stdin.flush()
            pid = int(publisher.stdout.readline())
            time.sleep(chance.uniform(0.0, 3.0))
            os.kill(pid, signal.SIGKILL)
            assert publisher.stdout.readline() == "dead\n"
        publisher.stdin.close()
    seen = dict(readers.seen)
    sys.stderr.write(f"{KILLS} kills: {json.dumps(seen)}\n")
    assert seen.keys() == {"whole", "whole vectors"}, seen
    before = read_live_run(graph)
    publish(graph, RUNS[7], datetime.now(UTC))
    # The next one leaves nothing of those that broke off.
    rows = ask("MATCH ()-[r:RECOMMENDED]->() RETURN r.run_id, count(r) ORDER BY r.run_id")
    assert dict(rows) == dict.fromkeys({before, "run-7"}, made["USERS"] * made["TOP"])
