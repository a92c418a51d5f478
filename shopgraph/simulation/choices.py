"""Draws which products users look at and choose, by taste, popularity and whom they follow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from shopgraph.simulation.catalogue import Catalogue
from shopgraph.simulation.missions import Missions
from shopgraph.simulation.people import People
from shopgraph.simulation.sampling import DAYS, BoolArray, Float32Array, IntArray
from shopgraph.simulation.vocabulary import Structure

POPULARITY = 0.8
LOOKED_AT = (0.7, 0.22, 0.08)  # one, two or three products in a mission
INFLUENCE_SHARE = 0.12
INFLUENCE_DAYS = 30
AGAIN_SHARE = 0.2  # of missions for what runs out: the same product may be bought again
_BLOCK_ROWS = 20_000


def choose(
    rng: np.random.Generator,
    structure: Structure,
    catalogue: Catalogue,
    people: People,
    missions: Missions,
) -> Missions:
    """Choose products for every mission; missions that find nothing on sale are dropped."""
    features = catalogue.features(structure)
    looked = rng.choice((1, 2, 3), size=len(missions), p=LOOKED_AT)
    looked[people.single[missions.user]] = 1
    again = rng.random(len(missions)) < AGAIN_SHARE
    chosen = missions.chosen.copy()
    for code, kind in enumerate(structure.types):
        products = np.flatnonzero(catalogue.type == code)
        rows = np.flatnonzero(missions.type == code)
        starts = np.flatnonzero(np.diff(missions.user[rows], prepend=-1))
        for part in np.split(rows, starts[_BLOCK_ROWS::_BLOCK_ROWS]):
            if len(part) and len(products):
                chosen[part] = _choose_of_type(
                    rng,
                    (catalogue, products, features[products]),
                    people,
                    missions.take(part),
                    looked[part],
                    again[part] & kind.repeat,
                )
    result = replace(missions, chosen=chosen)
    return result.take(chosen[:, 0] >= 0)


def _choose_of_type(
    rng: np.random.Generator,
    goods: tuple[Catalogue, IntArray, Float32Array],
    people: People,
    missions: Missions,
    looked: IntArray,
    again: BoolArray,
) -> IntArray:
    """Choose among the products of one type; a user's opinion of them stays from visit to visit.

    Shapes:
        returned: (missions, 3), products, -1 for none
    """
    catalogue, products, features = goods
    users, row = np.unique(missions.user, return_inverse=True)
    noise = -np.log(-np.log(rng.random((len(users), len(products)), dtype=np.float32) + 1e-12))
    liking = people.feature_taste[users] @ features.T + noise
    liking += POPULARITY * catalogue.appeal[products].astype(np.float32)
    days = np.arange(DAYS)[:, None]
    distance = (days - catalogue.trend_day[products]) / 20
    trend = (catalogue.trend[products] * np.exp(-0.5 * distance**2)).astype(np.float32)
    bought = np.zeros(liking.shape, dtype=np.bool_)
    begins = np.flatnonzero(np.diff(missions.user, prepend=-1))
    visit = np.arange(len(missions)) - np.repeat(begins, np.diff([*begins, len(missions)]))
    result = np.full((len(missions), 3), -1, dtype=np.int64)
    for rows in (np.flatnonzero(visit == v) for v in range(visit.max() + 1)):
        who, day = row[rows], missions.day[rows, None]
        score = liking[who] + trend[day[:, 0].astype(np.int64)]
        score[bought[who] & ~again[rows, None]] = -np.inf
        on_sale = (catalogue.created[products] < day) & (day < catalogue.ended[products])
        score[~on_sale] = -np.inf
        for place in range(min(3, len(products))):
            best = score.argmax(axis=1)
            found = (score[np.arange(len(rows)), best] > -np.inf) & (looked[rows] > place)
            result[rows[found], place] = products[best[found]]
            score[np.arange(len(rows)), best] = -np.inf
            if place == 0:
                owner = found & missions.bought[rows]
                bought[who[owner], best[owner]] = True
    return result


def follow_others(
    rng: np.random.Generator,
    catalogue: Catalogue,
    missions: Missions,
    follows: tuple[IntArray, IntArray],
    single: BoolArray,
) -> Missions:
    """Let some missions end at what somebody followed bought within the last month."""
    followers, followed = follows
    begins = np.searchsorted(followers, np.arange(len(single) + 1))
    counts = np.diff(begins)[missions.user]
    swayed = (rng.random(len(missions)) < INFLUENCE_SHARE) & (counts > 0) & ~single[missions.user]
    rows = np.flatnonzero(swayed)
    pick = begins[missions.user[rows]] + (rng.random(len(rows)) * counts[rows]).astype(np.int64)
    idol = followed[pick]

    bought = np.flatnonzero(missions.bought)
    # Missions are sorted by user, then day, so this key ascends.
    keys = missions.user[bought] * 1000.0 + missions.day[bought]
    latest = np.searchsorted(keys, idol * 1000.0 + missions.day[rows]) - 1
    source = bought[np.maximum(latest, 0)] if len(bought) else np.zeros(len(rows), dtype=np.int64)
    recent = (latest >= 0) & (missions.user[source] == idol)
    recent &= missions.day[rows] - missions.day[source] < INFLUENCE_DAYS
    product = missions.chosen[source, 0]
    recent &= missions.day[rows] < catalogue.ended[product]

    own = missions.user * len(catalogue) + missions.chosen[:, 0]
    wanted = missions.user[rows] * len(catalogue) + product
    recent &= ~np.isin(wanted, own)
    first = np.zeros(len(rows), dtype=np.bool_)
    first[np.unique(np.where(recent, wanted, -1), return_index=True)[1]] = True
    recent &= first
    chosen, type_ = missions.chosen.copy(), missions.type.copy()
    chosen[rows[recent], 0] = product[recent]
    type_[rows[recent]] = catalogue.type[product[recent]]
    twice = chosen[:, 1:] == chosen[:, :1]
    chosen[:, 1:][twice] = -1
    return replace(missions, chosen=chosen, type=type_)
