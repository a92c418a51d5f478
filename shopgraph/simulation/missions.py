"""Draws when users set out to find something, of which type, and what they end up choosing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from shopgraph.simulation.catalogue import Catalogue
from shopgraph.simulation.people import People
from shopgraph.simulation.sampling import (
    DAYS,
    BoolArray,
    FloatArray,
    IntArray,
    at_busy_hours,
    pick_columns,
    season,
)
from shopgraph.simulation.vocabulary import Structure

BUY_SHARE = 0.56
CHAIN_SHARE = 0.62  # after a purchase: what goes with it is wanted next
RETRY_SHARE = 0.3  # after none: the same type is looked for again
SAME_SESSION_SHARE = 0.4
SEASON_STRENGTH = 0.5


@dataclass(frozen=True)
class Missions:
    """What users look for, each user's in order of time, users one after another.

    Shapes:
        chosen: (missions, 3), products, -1 where fewer were looked at; the first is the best
        everything else: (missions,)
    """

    user: IntArray
    session: IntArray
    day: FloatArray  # of the session's start
    type: IntArray
    bought: BoolArray
    chosen: IntArray

    def __len__(self) -> int:
        return len(self.user)

    def take(self, rows: BoolArray | IntArray) -> Missions:
        """Keep some missions, in the order of ``rows``."""
        return replace(self, **{k: v[rows] for k, v in vars(self).items()})


def draw_missions(
    rng: np.random.Generator, structure: Structure, catalogue: Catalogue, people: People
) -> Missions:
    """Draw what users look for and when; nothing is chosen yet."""
    counts = people.missions
    user = np.repeat(np.arange(len(people)), counts)
    n = len(user)
    ordinal = np.arange(n) - np.repeat(np.cumsum(counts) - counts, counts)
    bought = rng.random(n) < BUY_SHARE
    after_purchase = np.concatenate([[False], bought[:-1]]) & (ordinal > 0)
    draw = rng.random(n)
    chained = after_purchase & (draw < CHAIN_SHARE)
    retried = ~after_purchase & (ordinal > 0) & (draw < RETRY_SHARE)
    joins = chained & (rng.random(n) < SAME_SESSION_SHARE)
    day = _days(rng, people, user, ordinal, chained | retried, joins)
    type_ = _types(
        rng, structure, catalogue, people, (user, ordinal, day, bought, chained, retried)
    )
    return Missions(
        user=user,
        session=np.cumsum(~joins) - 1,
        day=day,
        type=type_,
        bought=bought,
        chosen=np.full((n, 3), -1, dtype=np.int64),
    )


def _days(
    rng: np.random.Generator,
    people: People,
    user: IntArray,
    ordinal: IntArray,
    follows_up: BoolArray,
    joins: BoolArray,
) -> FloatArray:
    """Spread each user's missions over their time; what follows up a purchase comes soon."""
    gaps = np.where(follows_up, 0.04 + 0.2 * rng.exponential(size=len(user)), 0.0)
    gaps = np.where(follows_up, gaps, 0.12 + rng.exponential(size=len(user)))
    gaps[joins] = 0
    gaps[ordinal == 0] *= 0.1
    reached = np.cumsum(gaps)
    begins = np.flatnonzero(ordinal == 0)
    reached -= np.repeat(reached[begins] - gaps[begins], people.missions[people.missions > 0])
    total = np.bincount(user, weights=gaps, minlength=len(people))
    start = np.maximum(people.joined, 0) + 0.1
    # The last half day is left for what happens within the last session.
    length = (DAYS - 0.5 - start) * rng.uniform(0.7, 1.0, size=len(people)) ** 0.5
    slack = rng.random(len(people)) * (DAYS - 0.5 - start - length)
    return at_busy_hours(
        (start + slack)[user] + reached / np.maximum(total[user], 1e-9) * length[user]
    )


def _types(
    rng: np.random.Generator,
    structure: Structure,
    catalogue: Catalogue,
    people: People,
    plan: tuple[IntArray, IntArray, FloatArray, BoolArray, BoolArray, BoolArray],
) -> IntArray:
    """Walk through all users' missions in step: each depends on the one before."""
    user, ordinal, day, bought, chained, retried = plan
    waves = season([t.peak for t in structure.types], SEASON_STRENGTH)
    stocked = np.bincount(catalogue.type, minlength=len(structure.types)) > 0
    leads = lead_matrix(structure) * stocked
    repeats = np.array([t.repeat for t in structure.types])
    owned = np.zeros(people.type_taste.shape, dtype=np.bool_)
    result = np.zeros(len(user), dtype=np.int64)
    by_step = np.argsort(ordinal, kind="stable")
    for rows in np.split(by_step, np.cumsum(np.bincount(ordinal))[:-1]):
        who = user[rows]
        wanted = people.type_taste[who] * waves[day[rows].astype(np.int64)] * stocked
        # A durable thing at home is seldom looked for again.
        wanted *= np.where(owned[who] & ~repeats, 0.15, 1.0)
        before = result[rows - 1]
        next_wanted = leads[before] * np.where(owned[who] & ~repeats, 0.3, 1.0)
        use = chained[rows] & (next_wanted.sum(axis=1) > 0)
        wanted = np.where(use[:, None], next_wanted, wanted)
        picked = pick_columns(wanted, rng)
        result[rows] = np.where(retried[rows], before, picked)
        owned[who[bought[rows]], result[rows][bought[rows]]] = True
    return result


def lead_matrix(structure: Structure) -> FloatArray:
    """How often each type is wanted right after another was bought.

    Shapes:
        returned: (types, types); row: the type bought
    """
    codes = {t.key: code for code, t in enumerate(structure.types)}
    result = np.zeros((len(codes), len(codes)))
    for code, t in enumerate(structure.types):
        for weight, key in zip((0.65, 0.35), t.next, strict=True):
            result[code, codes[key]] = weight
    return result
