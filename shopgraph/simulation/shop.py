"""Simulates a home-and-outdoor shop and writes it as tables: the demo's data."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kg.records import KINDS
from shopgraph.simulation import tables
from shopgraph.simulation.catalogue import Catalogue, draw_catalogue
from shopgraph.simulation.choices import choose, follow_others
from shopgraph.simulation.events import Events, draw_events
from shopgraph.simulation.missions import Missions, draw_missions
from shopgraph.simulation.people import People, draw_follows, draw_people
from shopgraph.simulation.sampling import IntArray
from shopgraph.simulation.vocabulary import Structure, Words, read_structure, read_words

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shop:
    """A drawn shop, hidden tastes included."""

    structure: Structure
    catalogue: Catalogue
    people: People
    follows: tuple[IntArray, IntArray]
    missions: Missions
    events: Events


@dataclass(frozen=True)
class SimulationSummary:
    """What was written: rows of each table, and events of each kind."""

    folder: Path
    users: int
    products: int
    interactions: int
    rows: dict[str, int]
    kinds: dict[str, int]


def simulate(
    folder: Path,
    *,
    users: int = 2000,
    products: int = 1000,
    seed: int = 0,
    language: str = "en",
    progress: Callable[[str], None] | None = None,
) -> SimulationSummary:
    """Write a simulated shop of January to September 2025 into a folder, as .csv.gz tables.

    The same arguments give the same bytes, and another language the same events in other words.
    ``progress`` hears the name of each step, then of each table as it is written.

    Raises:
        ValueError: no users, no products, a negative seed, or an unknown language.
    """
    words = read_words(language, read_structure())
    report = progress or _silent
    shop = draw_shop(users=users, products=products, seed=seed, progress=report)
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, int] = {}
    for name, columns in _tables(shop, words, np.random.default_rng([seed, 1])):
        report(name)
        rows[name] = tables.write_table(folder, name, columns)
    events = shop.events
    log.info("Simulated %s users, %s products, %s events", users, products, len(events))
    counts = np.bincount(events.kind, minlength=len(KINDS)).tolist()
    return SimulationSummary(
        folder=folder,
        users=users,
        products=products,
        interactions=len(events),
        rows=rows,
        kinds=dict(zip(KINDS, counts, strict=True)),
    )


def draw_shop(
    *, users: int, products: int, seed: int, progress: Callable[[str], None] | None = None
) -> Shop:
    """Draw a shop without writing it.

    Raises:
        ValueError: no users, no products, or a negative seed.
    """
    for name, value, least in (("users", users, 1), ("products", products, 1), ("seed", seed, 0)):
        if value < least:
            raise ValueError(f"{name} must be at least {least} (got {value})")
    rngs = np.random.default_rng([seed, 0]).spawn(7)
    report = progress or _silent
    report("catalogue")
    structure = read_structure()
    catalogue = draw_catalogue(rngs[0], structure, products)
    report("people")
    people = draw_people(rngs[1], structure, users)
    follows = draw_follows(rngs[2], people)
    report("choices")
    missions = draw_missions(rngs[3], structure, catalogue, people)
    missions = choose(rngs[4], structure, catalogue, people, missions)
    missions = follow_others(rngs[5], catalogue, missions, follows, people.single)
    report("events")
    events = draw_events(rngs[6], structure, catalogue, people, missions)
    return Shop(structure, catalogue, people, follows, missions, events)


def _tables(
    shop: Shop, words: Words, rng: np.random.Generator
) -> Iterator[tuple[str, tables.Columns]]:
    """Lay out one table after another; each has its own stream, so that none changes the next."""
    structure, catalogue, people, events = shop.structure, shop.catalogue, shop.people, shop.events
    rngs = rng.spawn(5)
    yield "products", tables.product_columns(rngs[0], structure, words, catalogue)
    yield "users", tables.user_columns(rngs[1], words, people)
    yield "interactions", tables.interaction_columns(words, catalogue, people, events)
    yield "relations", tables.relation_columns(rngs[2], structure, catalogue)
    yield "follows", tables.follow_columns(people, shop.follows)
    yield "reviews", tables.review_columns(rngs[3], words, catalogue, people, events)
    yield "searches", tables.search_columns(rngs[4], words, catalogue, people, events)


def _silent(step: str) -> None:
    """Report a step to nobody."""
