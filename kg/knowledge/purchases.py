"""Who bought what together and in which order, guests' orders included."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import neo4j
import numpy as np
import numpy.typing as npt

from kg.connection import Graph
from kg.read import EPOCH, read_pages
from kg.records import NO_TIME
from kg.until import check_zone

IntArray = npt.NDArray[np.int64]

#: Columns of a purchase outside any order.
LOOSE = ("user", "product", "time", "place", "session")

#: Stands for the user of a guest's order, and for the order or session that a purchase lacks.
NONE = -1


@dataclass(frozen=True)
class Purchases:
    """Lines of orders, and purchases outside any order.

    ``num_products`` is how many tensor rows products span.

    Shapes:
        each: (lines,) int64. user, product: tensor rows; time: milliseconds since 1970 UTC or
        ``NO_TIME``, an order's lines all have that of its earliest; place: position, else line in
        the file; order, session: labels that mean nothing elsewhere
    """

    user: IntArray
    product: IntArray
    time: IntArray
    place: IntArray
    order: IntArray
    session: IntArray
    num_products: int


def read_purchases(graph: Graph, until: datetime | None) -> Purchases:
    """Read all purchases before ``until``; None takes all, those without a time too.

    Raises:
        ValueError: ``until`` has no zone.
    """
    check_zone(until)
    until_ms = None if until is None else (until - EPOCH) // timedelta(milliseconds=1)
    counts = graph.read("read/count_rows")[0]
    orders, loose = _orders(graph, until_ms), _loose(graph, counts["users"], until_ms)
    columns = {name: np.concatenate([orders[name], loose[name]]) for name in orders}
    return Purchases(**columns, num_products=counts["products"])


def _orders(graph: Graph, until_ms: int | None) -> dict[str, IntArray]:
    user: list[int] = []
    time: list[int] = []
    products: list[list[int]] = []

    def note(record: neo4j.Record) -> None:
        user.append(NONE if record["user"] is None else record["user"])
        time.append(NO_TIME if record["time_ms"] is None else record["time_ms"])
        products.append(record["product"])

    graph.stream("read/order_baskets", note, until_ms=until_ms)
    sizes = np.array([len(rows) for rows in products], np.int64)
    order = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    return {
        "user": np.array(user, np.int64)[order],
        "product": np.array([row for rows in products for row in rows], np.int64),
        "time": np.array(time, np.int64)[order],
        "place": np.zeros(len(order), np.int64),
        "order": order,
        "session": np.full(len(order), NONE, np.int64),
    }


def _loose(graph: Graph, users: int, until_ms: int | None) -> dict[str, IntArray]:
    columns: dict[str, list[Any]] = {name: [] for name in LOOSE}
    for page in read_pages(users):
        params = {"until_ms": until_ms, "no_time": NO_TIME, **page}
        record = graph.read("read/loose_purchases", **params)[0]
        for name, values in columns.items():
            values += record[name]
    labels: dict[str, int] = {"": NONE}
    session = [labels.setdefault(name, len(labels) - 1) for name in columns.pop("session")]
    found = {name: np.array(values, np.int64) for name, values in columns.items()}
    none = np.full(len(session), NONE, np.int64)
    return found | {"order": none, "session": np.array(session, np.int64)}
