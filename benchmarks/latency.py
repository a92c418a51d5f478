"""How long pages wait: every query under a steady load of eight clients, beside the obvious way."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import pandas as pd
import typer

from benchmarks.big_shop import BigShop, build, write_tables
from benchmarks.measured import AsJson, Measured
from benchmarks.store import stored
from ingestion.load import load
from kg.connection import Graph
from kg.local.server import down
from kg.queries import find_query, run_query
from shopgraph.loading import ingest
from shopgraph.searching import encode_text
from shopgraph.workspace import Workspace

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

CLIENTS: Final = 8
K: Final = 20

#: Seconds of finding out what the server can do, of warming up, and of the two measured minutes.
PROBE_SECONDS: Final = 15.0
WARM_SECONDS: Final = 20.0

#: Calls of one client, of a query and of its peer.
ALONE: Final = 20

#: Seeds at most whose nearest are compared with the exact ones.
RECALL_SEEDS: Final = 200

SEARCHES: Final = (
    "red cotton dress",
    "gift for a gardener",
    "wireless headphones",
    "warm blanket",
    "steel kitchen knife",
    "toys for small children",
    "running shoes",
    "lamp for reading",
)

Params = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One kind of call: a query and how its parameters are drawn."""

    name: str
    query: str
    draw: Callable[[np.random.Generator], Params]


@app.command(epilog="Example: shopgraph benchmark latency --json")
def latency(
    users: Annotated[int, typer.Option(help="How many users.")] = 30_000,
    products: Annotated[int, typer.Option(help="How many products.")] = 40_000,
    events: Annotated[int, typer.Option(help="How many interactions.")] = 1_000_000,
    seconds: Annotated[float, typer.Option(help="How long the load is measured.")] = 120.0,
    as_json: AsJson = False,
) -> None:
    """Ask every page's query, all mixed, at half of what the server can do.

    A call's time runs from the moment it was due, so that one that waits for another counts in
    full. Cold is the first call of each query after a restart, one after another.
    """
    told = Measured("latency")
    with tempfile.TemporaryDirectory(prefix="shopgraph-tables-") as folder, stored() as workspace:
        count = write_tables(Path(folder) / "shop", users, products, events)
        told.add("events", count, "rows")
        ingest(workspace, Path(folder) / "shop")
        with workspace.open() as graph:
            shop = build(graph)
            recall(told, graph, shop)
        down(workspace.home)
        with workspace.open() as graph:
            cases = all_cases(graph, shop)
            cold(told, graph, cases)
            under_load(told, graph, cases, seconds)
            beside_peers(told, graph, cases)
            fresh_event(told, graph, workspace, shop, Path(folder))
    told.tell(as_json)


def all_cases(graph: Graph, shop: BigShop) -> list[Case]:
    """Every query, two of them also with constraints, and how each is asked."""

    def user(rng: np.random.Generator) -> Params:
        return {"user_id": shop.user_ids[rng.integers(len(shop.user_ids))], "k": K}

    def product(rng: np.random.Generator) -> Params:
        return {"product_id": shop.product_ids[rng.integers(len(shop.product_ids))], "k": K}

    def several(rng: np.random.Generator) -> Params:
        rows = rng.integers(len(shop.product_ids), size=3)
        return {"product_ids": [shop.product_ids[row] for row in rows], "k": K}

    def constrained(draw: Callable[[np.random.Generator], Params]) -> Callable[..., Params]:
        def drawn(rng: np.random.Generator) -> Params:
            low = float(rng.integers(5, 40))
            limits = {"price_from": low, "price_to": low + 60, "per_brand": 3}
            return draw(rng) | {"constraints": limits}

        return drawn

    def campaign(rng: np.random.Generator) -> Params:
        rows = rng.integers(len(shop.product_ids), size=50)
        return user(rng) | {"product_ids": [shop.product_ids[row] for row in rows]}

    def search(rng: np.random.Generator) -> Params:
        text = str(rng.choice(SEARCHES))
        # With the encoder in the loop, as a shop's server has it.
        return user(rng) | {"text": text, "vector": encode_text(graph, text)}

    def profile(rng: np.random.Generator) -> Params:
        return {"profile": {"age_band": "25-34"}, "k": K}

    by_user = [
        *("for_user", "home", "cross_category", "from_following", "replenishment"),
        *("because_you_viewed", "unseen", "category_suggestions", "tag_suggestions"),
    ]
    by_product = (
        "similar_products",
        "similar_by_text",
        "similar_by_graph",
        "cross_sell",
        "up_sell",
    )
    draws = dict.fromkeys(by_user, user) | dict.fromkeys(by_product, product)
    draws |= {"bought_together": several, "cart": several, "advert": campaign, "search": search}
    draws |= {"new_user": profile, "trending": lambda rng: {"k": K}}
    cases = [Case(name, name, draw) for name, draw in draws.items()]
    return cases + [
        Case(f"{name}+constraints", name, constrained(draws[name]))
        for name in ("for_user", "home", "similar_products")
    ]


def call(graph: Graph, case: Case, rng: np.random.Generator) -> float:
    """Seconds of one call, its answer as JSON holds it."""
    query = find_query(case.query)
    started = time.perf_counter()
    run_query(graph, query, case.draw(rng))
    return time.perf_counter() - started


def cold(told: Measured, graph: Graph, cases: Sequence[Case]) -> None:
    """The first call of each query after a restart, which also plans it."""
    rng = np.random.default_rng(0)
    encode_text(graph, "warm")
    for case in cases:
        told.add(f"ours/{case.name}/cold/first", call(graph, case, rng) * 1000, "ms")


def under_load(told: Measured, graph: Graph, cases: Sequence[Case], seconds: float) -> None:
    """Warm percentiles at half of what eight clients get answered when none ever waits."""
    rate = probe(graph, cases) / 2
    drive(graph, cases, rate, WARM_SECONDS, seed=1)
    taken = drive(graph, cases, rate, seconds, seed=2)
    told.add("offered rate", rate, "calls/s")
    told.add("answered", sum(map(len, taken.values())) / seconds, "calls/s")
    for case in cases:
        for percent in (50, 95, 99):
            value = float(np.percentile(taken[case.name], percent)) * 1000
            told.add(f"ours/{case.name}/warm/p{percent}", value, "ms")


def probe(graph: Graph, cases: Sequence[Case]) -> float:
    """Calls a second that eight clients get answered, each asking again at once."""
    for case in cases:
        for turn in range(3):
            call(graph, case, np.random.default_rng(turn))
    ends = time.perf_counter() + PROBE_SECONDS
    answered = [0] * CLIENTS

    def ask(client: int) -> None:
        rng = np.random.default_rng(client)
        while time.perf_counter() < ends:
            call(graph, cases[int(rng.integers(len(cases)))], rng)
            answered[client] += 1

    together(ask)
    return sum(answered) / PROBE_SECONDS


def drive(
    graph: Graph, cases: Sequence[Case], rate: float, seconds: float, seed: int
) -> dict[str, list[float]]:
    """Calls that are due at random (Poisson) moments, whatever the ones before took."""
    taken: dict[str, list[float]] = defaultdict(list)
    lock = threading.Lock()
    begins = time.perf_counter() + 0.1

    def ask(client: int) -> None:
        rng = np.random.default_rng([seed, client])
        due = begins
        while (due := due + rng.exponential(CLIENTS / rate)) < begins + seconds:
            case = cases[int(rng.integers(len(cases)))]
            time.sleep(max(0.0, due - time.perf_counter()))
            call(graph, case, rng)
            with lock:
                taken[case.name].append(time.perf_counter() - due)

    together(ask)
    return taken


def together(work: Callable[[int], None]) -> None:
    """Eight clients at once."""
    threads = [threading.Thread(target=work, args=(client,)) for client in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


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
    low, high = np.nanpercentile(price, [45, 55])
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
        told.add(f"ours/similar_products/{name}", hits / wanted, "share")


def fresh_event(
    told: Measured, graph: Graph, workspace: Workspace, shop: BigShop, folder: Path
) -> None:
    """From a click being loaded to the next answer of home that follows it, in seconds."""
    rng = np.random.default_rng(5)
    took = []
    for turn in range(ALONE):
        user = shop.user_ids[rng.integers(len(shop.user_ids))]
        product = shop.product_ids[rng.integers(len(shop.product_ids))]
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=turn)
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
