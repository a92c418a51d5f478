"""Lays the simulated shop out as the tables that ``ingest --format tables`` reads."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kg.records import KINDS
from shopgraph.simulation import wording
from shopgraph.simulation.catalogue import Catalogue, draw_relations
from shopgraph.simulation.events import CART, CLICK, PURCHASE, RATE, RETURN, VIEW, Events
from shopgraph.simulation.people import People
from shopgraph.simulation.sampling import BoolArray, FloatArray, IntArray, iso_times
from shopgraph.simulation.vocabulary import Structure, Words

#: A table's columns, each a list, an array or a series.
Columns = dict[str, Any]

REVIEW_SHARE = 0.5  # of ratings
SEARCH_SHARE = 0.22  # of sessions
_DAY = 86_400


def write_table(folder: Path, name: str, columns: Columns) -> int:
    """Write one table as ``name.csv.gz``; equal columns always give equal bytes.

    Returns:
        How many rows.
    """
    frame = pd.DataFrame(columns)
    with (
        (folder / f"{name}.csv.gz").open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=6) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as text,
    ):
        frame.to_csv(text, index=False, lineterminator="\n", float_format="%.2f")
    return len(frame)


def product_columns(
    rng: np.random.Generator, structure: Structure, words: Words, catalogue: Catalogue
) -> Columns:
    """Columns of ``products``."""
    ids = product_ids(catalogue)
    created = np.rint(catalogue.created * _DAY).astype(np.int64)
    return {
        "product_id": ids,
        "title": wording.titles(rng, words, catalogue),
        "description": wording.descriptions(rng, words, catalogue),
        "brand": [words.brands[b] for b in catalogue.brand],
        "category": wording.categories(rng, structure, words, catalogue),
        "attributes": wording.attributes(words, catalogue),
        "price": _list_prices(words, catalogue),
        "stock": catalogue.stock,
        "image": [f"images/{i}.jpg" for i in ids],
        "created_at": iso_times(created),
        "delisted": np.where(catalogue.delisted, "true", "false"),
    }


def user_columns(rng: np.random.Generator, words: Words, people: People) -> Columns:
    """Columns of ``users``."""
    return {
        "user_id": user_ids(people),
        "name": wording.names(rng, words, len(people)),
        "age_band": [words.ages[a] for a in people.age],
        "city": [words.cities[c] for c in people.city],
        "joined_at": iso_times(np.floor(people.joined * _DAY).astype(np.int64)),
    }


def interaction_columns(
    words: Words, catalogue: Catalogue, people: People, events: Events
) -> Columns:
    """Columns of ``interactions``, in order of time."""
    return {
        "interaction_id": _ids("i", np.arange(len(events))),
        "user_id": user_ids(people)[events.user],
        "product_id": product_ids(catalogue)[events.product],
        "kind": np.array(KINDS, dtype=object)[events.kind],
        "occurred_at": iso_times(events.second),
        "quantity": _blank(events.quantity, np.isin(events.kind, (CART, PURCHASE, RETURN))),
        "price": _list_prices(words, catalogue)[events.product] * events.paid_share,
        "rating": _blank(events.rating, events.kind == RATE),
        "order_id": _ids("o", events.order),
        "session_id": _ids("s", events.session),
    }


def review_columns(
    rng: np.random.Generator, words: Words, catalogue: Catalogue, people: People, events: Events
) -> Columns:
    """Columns of ``reviews``: some who rate also write."""
    rated = np.flatnonzero(events.kind == RATE)
    rows = rated[rng.random(len(rated)) < REVIEW_SHARE]
    heads, texts = wording.reviews(rng, words, catalogue, events, rows)
    return {
        "user_id": user_ids(people)[events.user[rows]],
        "product_id": product_ids(catalogue)[events.product[rows]],
        "rating": events.rating[rows],
        "title": heads,
        "text": texts,
        "occurred_at": iso_times(events.second[rows]),
    }


def search_columns(
    rng: np.random.Generator, words: Words, catalogue: Catalogue, people: People, events: Events
) -> Columns:
    """Columns of ``searches``: what some sessions begin with, and the product clicked if any."""
    visits = np.flatnonzero(events.kind == VIEW)
    starts = visits[np.unique(events.session[visits], return_index=True)[1]]
    rows = starts[rng.random(len(starts)) < SEARCH_SHARE]
    second = events.second[rows] - rng.integers(5, 40, size=len(rows))
    order = np.argsort(second, kind="stable")
    rows, second = rows[order], second[order]
    pairs = events.session * len(catalogue) + events.product
    clicked = np.isin(pairs[rows], pairs[events.kind == CLICK])
    products = product_ids(catalogue)[events.product[rows]]
    return {
        "query": wording.queries(rng, words, catalogue, events.product[rows]),
        "user_id": user_ids(people)[events.user[rows]],
        "session_id": _ids("s", events.session[rows]),
        "product_id": pd.Series(products).where(clicked),
        "occurred_at": iso_times(second),
    }


def relation_columns(
    rng: np.random.Generator, structure: Structure, catalogue: Catalogue
) -> Columns:
    """Columns of ``relations``."""
    rows = draw_relations(rng, structure, catalogue)
    ids = product_ids(catalogue)
    return {
        "product_id": [ids[p] for p, _, _ in rows],
        "relation": [name for _, name, _ in rows],
        "other_id": [ids[q] for _, _, q in rows],
    }


def follow_columns(people: People, follows: tuple[IntArray, IntArray]) -> Columns:
    """Columns of ``follows``."""
    ids = user_ids(people)
    return {"user_id": ids[follows[0]], "follows_id": ids[follows[1]]}


def user_ids(people: People) -> npt.NDArray[np.object_]:
    """Ids of all users."""
    return _ids("u", np.arange(len(people)))


def product_ids(catalogue: Catalogue) -> npt.NDArray[np.object_]:
    """Ids of all products."""
    return _ids("p", np.arange(len(catalogue)))


def _list_prices(words: Words, catalogue: Catalogue) -> FloatArray:
    whole: FloatArray = np.maximum(np.rint(catalogue.price * words.price_unit), 1)
    return whole - words.price_end


def _ids(prefix: str, codes: IntArray) -> npt.NDArray[np.object_]:
    """Write codes 0, 1, … as ids of one width; -1 has none."""
    width = max(4, len(str(int(codes.max(initial=0)) + 1)))
    values = [f"{prefix}{code + 1:0{width}d}" if code >= 0 else None for code in codes.tolist()]
    return np.array(values, dtype=object)


def _blank(values: IntArray, kept: BoolArray) -> pd.Series[int]:
    """Leave whole numbers out where they mean nothing."""
    return pd.Series(values, dtype="Int64").where(kept)
