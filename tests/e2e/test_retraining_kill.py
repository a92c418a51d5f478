"""Nightly jobs killed at random moments, while readers ask: the old run stays, or the new is whole.

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
from typing import Any

import pytest

from kg.connection import Graph
from shopgraph.simulation.shop import simulate

KILLS = int(os.environ.get("SHOPGRAPH_KILLS", "3"))
USERS = 60

SETTINGS = {
    "model": {"dim": 16, "neighbours": 20},
    "training": {"epochs": 2, "folds": 2},
    "retrain": {"gate": {"baselines": ["popularity"], "min_users": 5}},
}

#: Imports once; for each line of its input a child does the job again and again until killed.
NIGHTS = """
import os, sys
from shopgraph.cli import main
import shopgraph.retraining

print("ready", flush=True)
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        print(os.getpid(), flush=True)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        sys.argv = ["shopgraph", "retrain", "--config", "job.json", "--force"]
        while True:
            try:
                main()
            except SystemExit as end:
                if end.code:
                    os._exit(9)
    _, status = os.waitpid(pid, 0)
    print(status, flush=True)
"""

LIVE = """
MATCH (run:ModelRun {live: true})
MATCH (:User {user_id: $user_id})-[r:RECOMMENDED {run_id: run.run_id}]->(:Product)
RETURN r.run_id AS run_id, r.rank AS rank ORDER BY rank
"""


class Readers:
    """They ask for users' lists as fast as they can."""

    def __init__(self, graph: Graph, lengths: dict[str, int]) -> None:
        self.graph, self.lengths = graph, lengths
        self.seen: Counter[str] = Counter()

    def read(self, turn: int, stop: threading.Event) -> None:
        chance, users = random.Random(turn), sorted(self.lengths)
        with self.graph.driver.session(
            database=self.graph.database, default_access_mode="READ"
        ) as session:
            while not stop.is_set():
                user = chance.choice(users)
                rows = session.run(LIVE, user_id=user).data()
                ranks = [row["rank"] for row in rows]
                whole = ranks == list(range(1, self.lengths[user] + 1))
                one = len({row["run_id"] for row in rows}) == 1
                self.seen["whole" if whole and one else "mixed" if rows else "empty"] += 1


@pytest.mark.slow
def test_a_job_killed_at_any_moment_leaves_the_shop_one_whole_run(
    person: Any, graph: Graph, reading: Any
) -> None:
    simulate(person.folder / "shop", users=USERS, products=50, seed=3)
    (person.folder / "job.json").write_text(json.dumps(SETTINGS))
    person.succeed("ingest", "shop")
    words = ("retrain", "--config", "job.json", "--force")
    initial = person.succeed(*words)
    started = time.monotonic()
    second = person.succeed(*words)
    lasts = time.monotonic() - started
    assert second["mode"] != "none"
    lengths = lists(graph, second["run_id"])
    assert len(lengths) == initial["users"]
    readers = Readers(graph, lengths)
    chance, known = random.Random(int(started)), Counter[str]()
    with (
        subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", NIGHTS],
            cwd=person.folder,
            env=os.environ | dict(person.variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as nights,
        reading(readers.read, readers.read),
    ):
        assert nights.stdin is not None
        assert nights.stdout is not None
        assert nights.stdout.readline() == "ready\n"
        for kill in range(KILLS):
            nights.stdin.write(f"{kill}\n")
            nights.stdin.flush()
            pid = int(nights.stdout.readline())
            # Evenly over a whole job.
            time.sleep(lasts * (kill + chance.random()) / KILLS)
            os.kill(pid, signal.SIGKILL)
            assert nights.stdout.readline() == f"{int(signal.SIGKILL)}\n"
            known[live(graph)] += 1
        nights.stdin.close()
    sys.stderr.write(f"{KILLS} kills: {dict(readers.seen)}, {len(known)} runs\n")
    assert readers.seen.keys() == {"whole"}
    # The next job takes up the work, and leaves nothing of those that broke off.
    last = person.succeed(*words)
    former = max(run for run in known)
    assert live(graph) == last["run_id"] > former
    with graph.driver.session(database=graph.database) as session:
        rows = session.run("MATCH ()-[r:RECOMMENDED]->() RETURN DISTINCT r.run_id").value()
        slots = session.run("MATCH (s:VectorSlot) RETURN s.run_id").value()
    assert sorted(rows) == sorted(slots) == sorted([former, last["run_id"]])
    home = person.folder / ".shopgraph"
    assert [path.name for path in (home / "runs").iterdir() if path.name.startswith(".")] == []
    assert list((home / "checkpoints").glob("*.pt")) == []


def lists(graph: Graph, run_id: str) -> dict[str, int]:
    """How many products a run offers each user."""
    with graph.driver.session(database=graph.database) as session:
        return dict(
            session.run(
                "MATCH (u:User)-[r:RECOMMENDED {run_id: $run_id}]->() RETURN u.user_id, count(r)",
                run_id=run_id,
            ).values()
        )


def live(graph: Graph) -> str:
    """The live run's id."""
    with graph.driver.session(database=graph.database) as session:
        return str(session.run("MATCH (run:ModelRun {live: true}) RETURN run.run_id").value()[0])
