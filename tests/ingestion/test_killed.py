"""Loads killed at random moments, finished by running them again.

``SHOPGRAPH_KILLS=40 pytest tests/ingestion/test_killed.py -o log_cli=true`` is a longer campaign.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from kg.connection import Graph
from kg.local.home import Home
from kg.local.process import runs
from kg.local.server import down, status
from shopgraph.loading import ingest
from shopgraph.workspace import Workspace, own

#: Kills in each of the roads, of the loader and of Neo4j by turns.
KILLS = int(os.environ.get("SHOPGRAPH_KILLS", "2")) // 2

EVENTS = 4_000

#: A load in a process of its own, that says when it begins.
LOADER = """
import sys
from pathlib import Path
from shopgraph.loading import ingest
from shopgraph.workspace import own
print("begins", flush=True)
ingest(own(Path(sys.argv[1])), Path(sys.argv[2]), road=sys.argv[3])
"""

log = logging.getLogger(__name__)

Contents = Callable[..., tuple[list[str], list[str]]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events of every kind, orders, true repeats, and facts about some products."""
    folder = tmp_path_factory.mktemp("shop")
    draw = random.Random(0)
    kinds = ("view", "click", "cart", "purchase", "purchase", "return", "rate")
    rows = ["user_id,product_id,kind,occurred_at,order_id,price"]
    for _ in range(EVENTS):
        kind = draw.choice(kinds)
        user = f"u{draw.randrange(500)}"
        order = f"o{draw.randrange(2_000)}" if kind == "purchase" else ""
        if order and draw.random() < 0.2:
            user = ""
        time_ = f"2025-{draw.randrange(1, 13):02}-01"
        rows.append(f"{user},p{draw.randrange(300)},{kind},{time_},{order},{draw.randrange(9)}")
    (folder / "interactions.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    facts = [f"p{n},Title {n},Brand {n % 7},A > B{n % 5}" for n in range(0, 400, 2)]
    header = "product_id,title,brand,category"
    (folder / "products.csv").write_text("\n".join([header, *facts]) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    home = tmp_path_factory.mktemp("killed") / "home"
    yield own(home)
    down(home)


@pytest.fixture(scope="module")
def undisturbed(
    workspace: Workspace, shop: Path, contents: Contents
) -> tuple[tuple[list[str], list[str]], float]:
    """The graph of a load that nobody kills, and how long it takes."""
    workspace.start(usual_ports=False)
    started = time.monotonic()
    ingest(workspace, shop, road="upsert")
    seconds = time.monotonic() - started
    with workspace.open() as graph:
        whole = contents(graph, "ingested_at", "idx")
        empty(graph)
    return whole, seconds


def empty(graph: Graph) -> None:
    with graph.driver.session(database=graph.database) as session:
        session.run(
            "MATCH (n) WHERE NOT n:ShopgraphSchema "
            "CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS"
        ).consume()


def rows_are_dense(graph: Graph) -> bool:
    """Whether the tensor rows of users and products are 0, 1, 2 and so on."""
    for label in ("User", "Product"):
        records, _, _ = graph.driver.execute_query(
            "MATCH (n:$($label)) RETURN n.idx AS idx ORDER BY idx",
            label=label,
            database_=graph.database,
        )
        if [record["idx"] for record in records] != list(range(len(records))):
            return False
    return True


def kill_at_random(
    workspace: Workspace, shop: Path, road: str, seconds: float, what: str
) -> tuple[bool, float]:
    """Start a load and kill it, or its server, at some moment.

    Returns:
        Whether it was still at work, and the seconds it had been.
    """
    loader = subprocess.Popen(
        [sys.executable, "-c", LOADER, str(workspace.home), str(shop), road],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with loader:
        assert loader.stdout is not None
        loader.stdout.readline()
        began = time.monotonic()
        if what == "import":
            while loader.poll() is None and import_of(workspace) is None:
                time.sleep(0.2)
            time.sleep(random.uniform(0, 2))
            pid = import_of(workspace)
        else:
            with suppress(subprocess.TimeoutExpired):
                loader.wait(random.uniform(0, seconds))
            pid = loader.pid if what == "loader" else status(workspace.home).pid
        took = time.monotonic() - began
        at_work = loader.poll() is None
        killed = at_work and pid is not None
        if killed:
            os.kill(pid, signal.SIGKILL)
        if what != "loader" and killed:
            # It would hope for two minutes that its server comes back.
            loader.kill()
        loader.wait()
    return killed, took


def import_of(workspace: Workspace) -> int | None:
    """The process of an import that is under way."""
    arguments = Home(workspace.home).admin_arguments
    return next((p.pid for p in psutil.process_iter() if runs(p, arguments)), None)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("road", ["upsert", "bulk"])
def test_a_killed_load_is_finished_by_running_it_again(
    workspace: Workspace,
    shop: Path,
    undisturbed: tuple[tuple[list[str], list[str]], float],
    contents: Contents,
    road: str,
) -> None:
    (nodes, links), seconds = undisturbed
    counts = {"kills": 0, "lost": 0, "doubled": 0}
    # An import takes longer, and the server it needs starts at its end.
    stretch = seconds if road == "upsert" else seconds + 15
    turns = ("loader", "server") if road == "upsert" else ("import", "loader")
    for _ in range(4 * KILLS):
        if counts["kills"] >= KILLS:
            break
        what = turns[counts["kills"] % 2]
        if road == "bulk":
            down(workspace.home)
        killed, took = kill_at_random(
            workspace, shop, "auto" if road == "upsert" else road, stretch, what
        )
        counts["kills"] += killed
        if not killed and what != "import":
            stretch = 0.9 * took  # it was done before: so long it takes by now
        report = ingest(workspace, shop, road="auto")
        assert report.rejected == {}
        with workspace.open() as graph:
            found = contents(graph, "ingested_at", "idx")
            for ours, theirs in zip(found, (nodes, links), strict=True):
                counts["lost"] += (Counter(theirs) - Counter(ours)).total()
                counts["doubled"] += (Counter(ours) - Counter(theirs)).total()
            assert rows_are_dense(graph)
            empty(graph)
    log.warning("%s: %s", road, counts)
    assert counts["lost"] == counts["doubled"] == 0
    assert counts["kills"] == KILLS
