"""Turns missions into events: views, clicks, carts, purchases, ratings and returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kg.records import KINDS
from shopgraph.simulation.catalogue import Catalogue
from shopgraph.simulation.missions import Missions
from shopgraph.simulation.people import People
from shopgraph.simulation.sampling import (
    DAYS,
    BoolArray,
    FloatArray,
    IntArray,
)
from shopgraph.simulation.vocabulary import Structure

CLICK_SHARE = 0.45  # of the products looked at and not bought
CART_SHARE = 0.3  # of those clicked
RATE_SHARE = 0.28  # of purchases
RETURN_SHARE = 0.06
REDUCED_SHARE = 0.2
_DAY = 86_400
_LAST_SECOND = DAYS * _DAY - 1
VIEW, CLICK, CART, PURCHASE, RETURN, RATE = range(len(KINDS))


@dataclass(frozen=True)
class Events:
    """What users did, by time; within a session in the order it was done.

    Shapes:
        every array: (events,); session, order and rating are -1 where there is none
    """

    user: IntArray
    product: IntArray
    kind: IntArray
    second: IntArray
    quantity: IntArray
    paid_share: FloatArray  # of the list price; nan where nothing is paid
    rating: IntArray
    session: IntArray
    order: IntArray

    def __len__(self) -> int:
        return len(self.user)


def draw_events(
    rng: np.random.Generator,
    structure: Structure,
    catalogue: Catalogue,
    people: People,
    missions: Missions,
) -> Events:
    """Draw what happens on the way to every choice, and after it."""
    # The best product is looked at last, just before it is bought.
    places = missions.chosen[:, ::-1]
    mission, place = np.nonzero(places >= 0)
    product = places[mission, place]
    session = np.unique(missions.session, return_inverse=True)[1][mission]
    user = missions.user[mission]
    begins = np.flatnonzero(np.diff(session, prepend=-1))
    step = np.arange(len(session)) - np.repeat(begins, np.diff([*begins, len(session)]))
    start = np.rint(missions.day[mission] * _DAY).astype(np.int64)
    seen = start + step * 180 + rng.integers(0, 60, size=len(step))

    buys = (place == 2) & missions.bought[mission]
    clicks = buys | (rng.random(len(buys)) < CLICK_SHARE)
    carts = clicks & (
        (buys & (rng.random(len(buys)) < 0.96)) | (rng.random(len(buys)) < CART_SHARE)
    )
    once = people.single[user]
    views = ~(once & buys)
    clicks &= ~once
    carts &= ~once
    paid_at = np.zeros(int(session.max(initial=-1)) + 1, dtype=np.int64)
    np.maximum.at(paid_at, session, seen + 150)

    several = np.array([t.several for t in structure.types])[catalogue.type[product]]
    quantity = np.where(several, rng.choice((1, 2, 4, 6), size=len(several)), 1)
    reduced = np.where(
        rng.random(len(buys)) < REDUCED_SHARE, rng.choice((0.8, 0.9), len(buys)), 1.0
    )
    match = _satisfaction(structure, catalogue, people, user, product)
    rating = np.clip(np.rint(4.2 + 0.7 * match + rng.normal(0, 0.7, len(match))), 1, 5)
    sent_back = rng.random(len(buys)) < RETURN_SHARE * np.exp(-0.7 * match)
    returns = buys & ~once & sent_back
    rates = buys & ~once & (rng.random(len(buys)) < RATE_SHARE)
    rating = np.where(returns, np.minimum(rating, 3), rating).astype(np.int64)
    paid = paid_at[session]
    order = np.where(buys, session, -1)
    nobody, none = np.full(len(buys), -1), np.full(len(buys), np.nan)
    ones = np.ones(len(buys), dtype=np.int64)
    parts: list[tuple[int, BoolArray, IntArray, tuple[IntArray, FloatArray, IntArray], IntArray]]
    parts = [
        (VIEW, views, seen, (ones, none, nobody), session),
        (CLICK, clicks, seen + rng.integers(10, 40, len(seen)), (ones, none, nobody), session),
        (CART, carts, seen + rng.integers(50, 140, len(seen)), (quantity, none, nobody), session),
        (PURCHASE, buys, paid, (quantity, reduced, nobody), session),
        (RETURN, returns, _later(rng, paid, 3, 25), (quantity, reduced, nobody), nobody),
        (RATE, rates, _later(rng, paid, 2, 20), (ones, none, rating), nobody),
    ]
    blocks = []
    for kind, happens, second, (count, cost, stars), visit in parts:
        rows = np.flatnonzero(happens & (second <= _LAST_SECOND))
        orders = order if kind in (PURCHASE, RETURN) else nobody
        codes = np.full(len(rows), kind)
        columns = (user, product, second, count, cost, stars, visit, orders)
        blocks.append((codes, rows, *(c[rows] for c in columns)))
    kinds, entry, *rest = (np.concatenate(c) for c in zip(*blocks, strict=True))
    users, products, second, count, cost, stars, visits, orders = rest
    by_time = np.lexsort((kinds, entry, second))
    return Events(
        user=users[by_time],
        product=products[by_time],
        kind=kinds[by_time],
        second=second[by_time],
        quantity=count[by_time],
        paid_share=cost[by_time],
        rating=stars[by_time],
        session=_by_appearance(visits[by_time]),
        order=_by_appearance(orders[by_time]),
    )


def _satisfaction(
    structure: Structure,
    catalogue: Catalogue,
    people: People,
    user: IntArray,
    product: IntArray,
) -> FloatArray:
    """How well products suit users, in standard deviations around the mean."""
    features = catalogue.features(structure)
    match = np.zeros(len(user))
    for start in range(0, len(user), 100_000):
        rows = slice(start, start + 100_000)
        pairs = people.feature_taste[user[rows]] * features[product[rows]]
        match[rows] = pairs.sum(axis=1)
    if not len(match):
        return match
    result: FloatArray = (match - match.mean()) / max(match.std(), 1e-9)
    return result


def _later(rng: np.random.Generator, second: IntArray, first: int, last: int) -> IntArray:
    days = rng.integers(first, last, size=len(second))
    return second + days * _DAY + rng.integers(-30_000, 30_000, size=len(second))


def _by_appearance(codes: IntArray) -> IntArray:
    """Number codes 0, 1, … as they first appear; -1 stays."""
    kept = np.flatnonzero(codes >= 0)
    _, first, inverse = np.unique(codes[kept], return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    result = np.full(len(codes), -1, dtype=np.int64)
    result[kept] = rank[inverse]
    return result
