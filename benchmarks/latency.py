"""How long pages wait: every query under a steady load of eight clients, beside the obvious way."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import pandas as pd
import psutil
import typer

from benchmarks.big_shop import BigShop, build, write_tables
from benchmarks.clients import (
    CLIENTS,
    Case,
    K,
    Params,
    all_cases,
    call,
    call_each,
    call_until,
    call_when_due,
    clients,
)
from benchmarks.measured import AsJson, Measured
from benchmarks.store import stored
from ingestion.load import load
from kg.connection import Graph
from kg.local.server import down, status
from kg.queries import find_query, run_query
from kg.records import RELATIONSHIPS
from shopgraph.loading import ingest
from shopgraph.searching import encode_text
from shopgraph.workspace import Workspace

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

#: Seconds of finding out what the server can do, and of warming up: Java compiles what it runs
#: often for a minute or two, and then takes three quarters of the time.
PROBE_SECONDS: Final = 15.0
WARM_SECONDS: Final = 60.0

#: Calls of one client, of a query and of its peer.
ALONE: Final = 20

#: Seeds at most whose nearest are compared with the exact ones.
RECALL_SEEDS: Final = 200

#: Calls of each query by each client before anything is measured.
WARM_CALLS: Final = 3


@app.command(epilog="Example: shopgraph benchmark latency --json")
def latency(
    users: Annotated[int, typer.Option(help="How many users.")] = 30_000,
    products: Annotated[int, typer.Option(help="How many products.")] = 40_000,
    events: Annotated[int, typer.Option(help="How many interactions.")] = 1_000_000,
    seconds: Annotated[float, typer.Option(help="How long the load is measured.")] = 120.0,
    keep: Annotated[
        Path | None,
        typer.Option(help="Build the shop in this folder, or ask the one that was built there."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Ask every page's query, all mixed, at half of what the server can do.

    A call's time runs from the moment it was due, so that one that waits for another counts in
    full. Cold is the first call of each query after a restart, one after another.
    """
    told = Measured("latency")
    with (
        tempfile.TemporaryDirectory(prefix="shopgraph-tables-") as folder,
        stored(keep) as workspace,
    ):
        shop = built(workspace, Path(folder) / "shop", (users, products, events))
        with workspace.open() as graph:
            counts = graph.read("read/count_events")[0]
            interactions = sum(counts["events"][type_] for type_ in RELATIONSHIPS.values())
            for name, count in (counts | {"events": interactions}).items():
                told.add(name, count, "rows")
            recall(told, graph, shop)
        down(workspace.home)
        with workspace.open() as graph:
            cases = all_cases(graph, shop)
            cold(told, graph, cases)
            under_load(told, workspace, shop, seconds)
            beside_peers(told, graph, cases)
            fresh_event(told, graph, workspace, shop, Path(folder))
    told.tell(as_json)


def built(workspace: Workspace, tables: Path, sizes: tuple[int, int, int]) -> BigShop:
    """The shop of a workspace, built where it is not there yet: that takes most of the time."""
    file = workspace.home / "big_shop.npz"
    if not file.exists():
        write_tables(tables, *sizes)
        ingest(workspace, tables)
        with workspace.open() as graph:
            build(graph).save(file)
    return BigShop.load(file)


def cold(told: Measured, graph: Graph, cases: Sequence[Case]) -> None:
    """The first call of each query after a restart, which also plans it."""
    rng = np.random.default_rng(0)
    encode_text(graph, "warm")
    for case in cases:
        told.add(f"ours/{case.name}/cold/first", call(graph, case, rng) * 1000, "ms")


def under_load(told: Measured, workspace: Workspace, shop: BigShop, seconds: float) -> None:
    """Warm percentiles at half of what eight clients get answered when none ever waits."""
    server = psutil.Process(status(workspace.home).pid)
    with clients(workspace.access(), shop) as together:
        together(call_each, [(WARM_CALLS,)] * CLIENTS)
        ends = time.monotonic() + PROBE_SECONDS
        rate = sum(together(call_until, [(client, ends) for client in range(CLIENTS)]))
        rate /= 2 * PROBE_SECONDS
        drive(together, rate, WARM_SECONDS, seed=1)
        busy = sum(server.cpu_times()[:2])
        taken = drive(together, rate, seconds, seed=2)
        busy = sum(server.cpu_times()[:2]) - busy
    told.add("offered rate", rate, "calls/s")
    told.add("answered", sum(map(len, taken.values())) / seconds, "calls/s")
    told.add("server busy", busy / seconds, "cores")
    for name in sorted(taken):
        for percent in (50, 95, 99):
            value = float(np.percentile(taken[name], percent)) * 1000
            told.add(f"ours/{name}/warm/p{percent}", value, "ms")


def drive(
    together: Callable[..., list[Any]], rate: float, seconds: float, seed: int
) -> dict[str, list[float]]:
    """Calls of all clients, by query, each as long as it took from when it was due."""
    begins = time.monotonic() + 0.5
    asked = [([seed, client], begins, seconds, CLIENTS / rate) for client in range(CLIENTS)]
    taken: dict[str, list[float]] = defaultdict(list)
    for calls in together(call_when_due, asked):
        for name, took in calls:
            taken[name].append(took)
    return taken


def beside_peers(told: Measured, graph: Graph, cases: Sequence[Case]) -> None:
    """One client alone: the shipped query and the obvious one, in turns."""
    since = datetime(2025, 9, 24, tzinfo=UTC)
    more: dict[str, Params] = {"trending": {"since": since}}
    ratios: dict[str, float] = {}
    for name in ("home", "similar_products", "bought_together", "trending", "search"):
        case = next(case for case in cases if case.name == name)
        rng = np.random.default_rng(3)
        took: dict[str, list[float]] = {"ours": [], "peer": []}
        for _ in range(ALONE):
            params = case.draw(rng)
            started = time.perf_counter()
            run_query(graph, find_query(case.query), params)
            took["ours"].append(time.perf_counter() - started)
            started = time.perf_counter()
            graph.read(f"benchmark/obvious_{name}", **params | more.get(name, {}))
            took["peer"].append(time.perf_counter() - started)
        p95 = {who: float(np.percentile(values, 95)) for who, values in took.items()}
        for who, value in p95.items():
            told.add(f"{who}/{name}/alone/p95", value * 1000, "ms")
        ratios[name] = p95["peer"] / p95["ours"]
    told.ratios["p95_vs_obvious"] = ratios


def recall(told: Measured, graph: Graph, shop: BigShop) -> None:
    """Of the exact twenty nearest, how many the index finds, with and without filters."""
    facts = {
        row["id"]: (row["price"], row["in_stock"]) for row in graph.read("benchmark/product_facts")
    }
    price = np.array([facts[name][0] or np.nan for name in shop.product_ids])
    in_stock = np.array([facts[name][1] for name in shop.product_ids])
    priced = price[np.isfinite(price)]
    low, high = np.percentile(priced, [45, 55]) if len(priced) else (0.0, 0.0)
    narrow = in_stock & (price >= low) & (price <= high)
    row_of = {name: row for row, name in enumerate(shop.product_ids)}
    lengths = np.linalg.norm(shop.products, axis=1)
    rng = np.random.default_rng(4)
    for name, fits, constraints in (
        ("recall@20", in_stock, {}),
        ("filtered/recall@20", narrow, {"price_from": float(low), "price_to": float(high)}),
    ):
        hits = wanted = 0
        count = min(RECALL_SEEDS, len(shop.product_ids))
        for seed in rng.choice(len(shop.product_ids), count, replace=False):
            asked = shop.products[seed].copy()
            asked[-2:] = 0
            scores = np.where(fits, shop.products @ asked / lengths, -np.inf)
            scores[seed] = -np.inf
            params = {"product_id": shop.product_ids[seed], "constraints": constraints, "k": K}
            rows = run_query(graph, find_query("similar_products"), params)
            exact = min(K, int(np.isfinite(scores).sum()))
            least = np.sort(scores)[-exact] - 1e-6 if exact else np.inf
            hits += sum(scores[row_of[row["product_id"]]] >= least for row in rows)
            wanted += exact
        # Where nothing fits, nothing was missed.
        share = hits / wanted if wanted else 1.0
        told.add(f"ours/similar_products/{name}", share, "share")


def fresh_event(
    told: Measured, graph: Graph, workspace: Workspace, shop: BigShop, folder: Path
) -> None:
    """From a click being loaded to the next answer of home that follows it, in seconds."""
    rng = np.random.default_rng(5)
    took = []
    for turn in range(ALONE):
        user = shop.user_ids[rng.integers(len(shop.user_ids))]
        product = shop.product_ids[rng.integers(len(shop.product_ids))]
        at = datetime.now(UTC) + timedelta(minutes=turn)
        table = folder / "fresh" / "interactions.csv"
        table.parent.mkdir(exist_ok=True)
        pd.DataFrame(
            {"user_id": [user], "product_id": [product], "kind": ["cart"], "occurred_at": [at]}
        ).to_csv(table, index=False)
        started = time.perf_counter()
        load(graph, table.parent, rejects_dir=workspace.rejects)
        rows = run_query(graph, find_query("home"), {"user_id": user, "k": K})
        took.append(time.perf_counter() - started)
        if rows[0]["source"] != "nearest":
            raise RuntimeError(f"home did not follow the new event of {user}")
    told.add("ours/event-to-answer/p95", float(np.percentile(took, 95)) * 1000, "ms")
