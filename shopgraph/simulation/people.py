"""Draws the simulated shop's users: what they like, how active they are, whom they follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shopgraph.simulation.catalogue import feature_sizes
from shopgraph.simulation.sampling import (
    DAYS,
    BoolArray,
    Float32Array,
    FloatArray,
    IntArray,
    favourites,
    pick_columns,
)
from shopgraph.simulation.vocabulary import Structure

PROFILE_ONLY_SHARE = 0.03
SINGLE_SHARE = 0.05
MEAN_FOLLOWS = 4.0
CIRCLES = 30  # groups of people with much taste in common
CIRCLE_SHARE = 0.6  # of a user's kinds of taste, what is taken over from the circle
# How much a favourite counts in the choice between products of one type.
BRAND_TASTE = 1.6
COLOUR_TASTE = 1.3
MATERIAL_TASTE = 0.9
STYLE_TASTE = 1.1
THEME_TASTE = 3.6
PRICE_TASTE = 0.8


@dataclass(frozen=True)
class People:
    """Users and their hidden tastes.

    Shapes:
        type_taste: (users, types), the share of each type in what a user wants
        feature_taste: (users, features), the columns of ``Catalogue.features``
        everything else: (users,)
    """

    type_taste: FloatArray
    feature_taste: Float32Array
    missions: IntArray  # how often the user sets out to find something
    single: BoolArray  # leaves one event behind
    joined: FloatArray  # days from the start, may be negative
    age: IntArray
    city: IntArray

    def __len__(self) -> int:
        return len(self.missions)


def draw_people(rng: np.random.Generator, structure: Structure, users: int) -> People:
    """Draw users."""
    age = rng.integers(6, size=users)
    circle = rng.integers(CIRCLES, size=users)
    order = rng.permutation(users)
    quiet = order[: int(PROFILE_ONLY_SHARE * users)]
    once = order[len(quiet) : len(quiet) + int(SINGLE_SHARE * users)]
    single = np.zeros(users, dtype=np.bool_)
    single[once] = True

    before = rng.uniform(-900, 0, size=users)
    # The first user of all has been there from the start, so that no shop is empty.
    during = (rng.random(users) < 0.35) & (np.arange(users) > 0)
    joined = np.where(during, rng.uniform(0, DAYS - 10, size=users), before)
    missions = np.exp(rng.normal(2.7, 0.85, size=users))
    missions *= 1 - np.maximum(joined, 0) / DAYS
    missions = np.clip(np.rint(missions), 2, 150).astype(np.int64)
    missions[once] = 1
    missions[quiet] = 0
    return People(
        type_taste=_type_taste(rng, structure, age, circle),
        feature_taste=_feature_taste(rng, structure, circle),
        missions=missions,
        single=single,
        joined=joined,
        age=age,
        city=rng.integers(12, size=users),
    )


def draw_follows(rng: np.random.Generator, people: People) -> tuple[IntArray, IntArray]:
    """Draw who follows whom: mostly users of like taste, and some famous ones.

    Returns:
        Followers and those they follow, sorted, without repeats.
    """
    users = len(people)
    taste = np.concatenate([12 * people.type_taste, people.feature_taste / 4], axis=1)
    taste = (taste - taste.mean(axis=0)).astype(np.float32)
    taste /= np.linalg.norm(taste, axis=1, keepdims=True) + 1e-9
    counts = np.minimum(rng.pareto(1.8, size=users) * MEAN_FOLLOWS * 0.8, 60).astype(np.int64)
    followers = np.repeat(np.arange(users), counts)
    fame = rng.pareto(1.5, size=users) + 0.2
    followed = np.zeros(len(followers), dtype=np.int64)
    for start in range(0, len(followers), 20_000):
        rows = followers[start : start + 20_000]
        seen = rng.choice(users, size=(len(rows), 30), p=fame / fame.sum())
        likeness = np.einsum("nk,nck->nc", taste[rows], taste[seen])
        followed[start : start + 20_000] = seen[np.arange(len(rows)), likeness.argmax(axis=1)]
    pairs = np.unique(np.stack([followers, followed], axis=1)[followers != followed], axis=0)
    return pairs[:, 0], pairs[:, 1]


def _type_taste(
    rng: np.random.Generator, structure: Structure, age: IntArray, circle: IntArray
) -> FloatArray:
    """Two or three departments take most of what a user wants; ages lean a little."""
    tops = structure.tops
    users = len(age)
    lean = rng.normal(0, 0.5, size=(6, len(tops)))
    shares = np.full((users, len(tops)), 0.015)
    for weight in (0.55, 0.3, 0.15):
        common = rng.integers(len(tops), size=CIRCLES)[circle]
        own = pick_columns(np.exp(lean[age]), rng)
        liked = np.where(rng.random(users) < CIRCLE_SHARE, common, own)
        shares[np.arange(users), liked] += weight * rng.uniform(0.4, 1.0, size=users)
    top_of_type = np.array([tops.index(t.top) for t in structure.types])
    weights = np.array([t.weight for t in structure.types])
    habit = rng.normal(0, 0.5, (CIRCLES, len(weights)))[circle]
    habit += rng.normal(0, 0.5, (users, len(weights)))
    taste = shares[:, top_of_type] * weights * np.exp(habit)
    result: FloatArray = taste / taste.sum(axis=1, keepdims=True)
    return result


def _feature_taste(
    rng: np.random.Generator, structure: Structure, circle: IntArray
) -> Float32Array:
    """Each user has, aspect by aspect, the taste of the circle or one of their own."""
    common = _taste_blocks(rng, structure, CIRCLES)
    own = _taste_blocks(rng, structure, len(circle))
    blocks = []
    for shared, single in zip(common, own, strict=True):
        joins = rng.random((len(circle), 1)) < CIRCLE_SHARE
        blocks.append(np.where(joins, shared[circle], single))
    features = np.concatenate(blocks, axis=1)
    features += rng.normal(0, 0.25, size=features.shape)
    steadiness = np.full((len(circle), 1), PRICE_TASTE)
    return np.concatenate([features, steadiness], axis=1, dtype=np.float32)


def _taste_blocks(rng: np.random.Generator, structure: Structure, rows: int) -> list[FloatArray]:
    """A favourite brand in each department, a few colours, materials and themes, a style, a price.

    Shapes:
        returned: (rows, values of the aspect), one array an aspect
    """
    brands, colours, materials, styles, themes, _ = feature_sizes(structure)
    liked = np.zeros((rows, brands))
    for top in structure.tops:
        codes = np.array([c for c, b in enumerate(structure.brands) if top in b.tops])
        liked[np.arange(rows), codes[rng.integers(len(codes), size=rows)]] = 1
    return [
        BRAND_TASTE * liked,
        COLOUR_TASTE * favourites(rng, rows, colours, (2, 3)),
        MATERIAL_TASTE * favourites(rng, rows, materials, (4, 8)),
        STYLE_TASTE * favourites(rng, rows, styles, (1, 2)),
        THEME_TASTE * favourites(rng, rows, themes, (1, 2)),
        PRICE_TASTE * rng.normal(0, 1.1, size=(rows, 1)),
    ]
