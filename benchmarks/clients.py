"""Clients of a shop's pages: how each query is asked, and eight processes that ask."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from typing import Any, Final

import numpy as np
import torch

from benchmarks.big_shop import BigShop
from kg.connection import Graph, open_graph
from kg.queries import find_query, run_query
from shopgraph.searching import encode_text

CLIENTS: Final = 8
K: Final = 20

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
    started = time.perf_counter()
    run_query(graph, find_query(case.query), case.draw(rng))
    return time.perf_counter() - started


class Client:
    """One process' connection and what it asks; in :func:`clients` alone."""

    graph: Graph
    cases: list[Case]

    def __init__(self, access: tuple[str, str, str, str], shop: BigShop) -> None:
        # One text at a time: a second thread would wait for a core that the server needs.
        torch.set_num_threads(1)
        self.stack = ExitStack()
        self.graph = self.stack.enter_context(open_graph(*access))
        self.cases = all_cases(self.graph, shop)
        encode_text(self.graph, "warm")
        # What was imported lives as long as the process: looking through it takes 0.1 s each time.
        gc.freeze()

    def any(self, rng: np.random.Generator) -> Case:
        """One case at random."""
        return self.cases[int(rng.integers(len(self.cases)))]


#: This process' client, where it is one.
_client: Client


def _become(access: tuple[str, str, str, str], shop: BigShop, ready: Barrier) -> None:
    """Become a client; none begins before all are there."""
    global _client
    _client = Client(access, shop)
    ready.wait()


def call_each(times: int) -> None:
    """Ask every case so many times."""
    for case in _client.cases:
        for turn in range(times):
            call(_client.graph, case, np.random.default_rng(turn))


def call_until(seed: int, ends: float) -> int:
    """How many calls are answered until a moment of the monotonic clock, each asked at once."""
    rng = np.random.default_rng(seed)
    answered = 0
    while time.monotonic() < ends:
        call(_client.graph, _client.any(rng), rng)
        answered += 1
    return answered


def call_when_due(
    seed: list[int], begins: float, seconds: float, every: float
) -> list[tuple[str, float]]:
    """Calls that are due at random (Poisson) moments, whatever the ones before took.

    Returns:
        Each one's case, and the seconds from when it was due to its answer.
    """
    rng = np.random.default_rng(seed)
    taken = []
    due = begins
    while (due := due + rng.exponential(every)) < begins + seconds:
        case = _client.any(rng)
        time.sleep(max(0.0, due - time.monotonic()))
        call(_client.graph, case, rng)
        taken.append((case.name, time.monotonic() - due))
    return taken


@contextmanager
def clients(
    access: tuple[str, str, str, str], shop: BigShop
) -> Iterator[Callable[[Callable[..., Any], Iterable[tuple[Any, ...]]], list[Any]]]:
    """Eight processes, as threads of one would wait for each other.

    Yields a function that has each of them do a work with arguments of its own, all at once.
    """
    context = get_context("spawn")
    ready = context.Barrier(CLIENTS)
    with ProcessPoolExecutor(
        CLIENTS, context, initializer=_become, initargs=(access, shop, ready)
    ) as pool:

        def together(work: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> list[Any]:
            return [future.result() for future in [pool.submit(work, *a) for a in arguments]]

        yield together
