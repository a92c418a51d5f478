"""The leak check: what a graph says until T does not change when more becomes known after T.

A reader that is added under ``cypher/read`` takes ``$until`` (or ``$until_ms``) and is run here by
itself, or it stands in ``NOT_AS_OF_A_TIME`` with the reason why training never learns from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from kg.connection import CYPHER, Graph, statement
from kg.facts import facts_at
from kg.read import ShopTensors, read_tensors
from kg.records import KINDS, NO_TIME, RELATIONSHIPS
from kg.write import finish_load, merge_table
from shopgraph import pipeline

#: Readers whose answers change with what comes later, and why no training can learn from that.
NOT_AS_OF_A_TIME = {
    "derived_relations": "for reasons, which a publication writes beside what a run scored",
    "unknown_events": "for loads, which leave out what is there",
    "text_encoder": "for searches, which are encoded as products are now",
    **dict.fromkeys(
        ("brand_names", "brand_name_counts", "attribute_names", "attribute_name_counts"),
        "for resolving names, which writes; readers fold statements by the aliases of now",
    ),
    **dict.fromkeys(("distinct_brands", "distinct_attributes"), "what a person has parted"),
    "category_tree": "for the check of categories, which tells and writes nothing",
    "mining_texts": "for mining, which writes; product_attributes tells since when texts say so",
    "active_users": "for the demo's end: users of the live run",
    "changed_interactions": "for loads, which write",
    "changed_reviews": "for loads, which write",
    "changed_searches": "for loads, which write",
    "category_parents": "a path's parents follow from the path; read_tensors keeps what is in use",
    **dict.fromkeys(
        ("event_marks", "events_of_users", "store_id"),
        "for the cache of all events, of which read_tensors leaves out what came later",
    ),
    "count_events": "for loads: whether what is there is read before; which kinds occur at all",
    "count_rows": "the bounds of tensor rows; those not known yet have no key and no edge",
    "dated_products": "for loads, which write",
    "identities_by_product": "for loads, which leave out what is there",
    "identities_by_user": "for loads, which leave out what is there",
    "is_empty": "for loads, which choose a road",
    **dict.fromkeys(
        ["mapped_chains", "mapped_clash", "mapped_keys", "mapped_nodes", "mapped_pairs"],
        "a foreign graph on its way into a load",
    ),
    "newest_event": "the default cutoff itself",
    "newest_load": "a run's bookmark: a later retraining counts from there what is new",
    "past_texts": "what embed encodes: each text's vector is read as of a time by text_vectors",
    "present_text_vectors": "for readings without a time; those as of one take text_vectors",
    "product_statements": "for loads, and for facts_at, which folds until a time",
    "product_texts": "what embed encodes: each text's vector is read as of a time by text_vectors",
    "profile_groups": "for audiences, which are written; no training reads them",
    "recommendation_counts": "what a run has written",
    "returned_pairs": "for loads: which purchase a return gives back, the earlier one of a pair",
    "runs": "which runs there are",
    "tombstones": "what was deleted, for loads",
    "transactions": "what the database is doing now, for publications",
    "vector_indexes": "which indexes there are",
}

T = datetime(2025, 6, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
BEFORE = datetime(2025, 5, 1, tzinfo=UTC)
AFTER = datetime(2025, 6, 1, 0, 0, 1, tzinfo=UTC)

Ask = Callable[..., list[tuple[Any, ...]]]
Answers = dict[str, list[Any]]

READERS = {path.stem: path.read_text(encoding="utf-8") for path in (CYPHER / "read").glob("*")}
AS_OF_A_TIME = sorted(
    name
    for name, text in READERS.items()
    if re.search(r"\$until(_ms)?\b", re.sub(r"^\s*//.*$", "", text, flags=re.MULTILINE))
)


def table(*rows: dict[str, Any]) -> pd.DataFrame:
    made = pd.DataFrame(list(rows))
    for name in ("occurred_at", "valid_from", "created_at"):
        if name in made:
            made[name] = pd.to_datetime(made[name], utc=True).astype("datetime64[us, UTC]")
    for name in ("category", "attributes"):
        if name in made:
            made[name] = [value if isinstance(value, list) else [] for value in made[name]]
    if "stock" in made:
        made["stock"] = made["stock"].astype("Int64")
    made["line"] = range(2, len(made) + 2)
    return made


def events(mark: str, time: datetime, user: str, product: str) -> dict[str, pd.DataFrame]:
    """One event of every kind, a review, a search, a follow and a relation."""
    base = {"user_id": user, "product_id": product, "occurred_at": time}
    rows = [
        base | {"kind": kind, "interaction_id": f"{mark} {kind}", "order_id": f"{mark} order"}
        for kind in KINDS
    ]
    guest = rows[KINDS.index("purchase")] | {"user_id": None, "interaction_id": f"{mark} guest"}
    loose = rows[KINDS.index("purchase")] | {"order_id": None, "interaction_id": f"{mark} loose"}
    review = base | {"rating": 1.0, "text": mark, "interaction_id": f"{mark} review"}
    search = base | {"query": f"{mark} query", "interaction_id": f"{mark} search"}
    follow = {"user_id": user, "follows_id": f"{mark} friend", "occurred_at": time}
    relation = {"product_id": product, "relation": mark, "other_id": "bare", "valid_from": time}
    return {
        "interactions": table(*rows, guest, loose),
        "reviews": table(review),
        "searches": table(search),
        "follows": table(follow),
        "relations": table(relation),
    }


def facts(mark: str, time: datetime | None, product: str = "hat") -> dict[str, Any]:
    """A statement about every column of a product."""
    return {
        "product_id": product,
        "valid_from": time,
        "title": f"{mark} title",
        "description": f"{mark} description",
        "brand": f"{mark} brand",
        "category": [f"{mark} > sub", "shared"],
        "attributes": [f"{mark}=1", mark],
        "price": 1.0 if mark == "early" else 9.0,
        "stock": 1 if mark == "early" else 0,
        "delisted": mark != "early",
        "image": mark,
    }


def load(graph: Graph, tables: dict[str, pd.DataFrame]) -> None:
    for name, frame in tables.items():
        merge_table(graph, name, frame, NOW)
    finish_load(graph)


def load_what_is_known(graph: Graph) -> None:
    products = table(
        facts("early", None),
        facts("early", BEFORE, "dated"),
        facts("early", None, "timeless") | {"created_at": BEFORE},
    )
    load(graph, {"products": products, "users": table({"user_id": "quiet"})})
    load(graph, events("early", BEFORE, "ann", "hat"))


def load_what_comes_later(graph: Graph) -> None:
    """Every kind of fact and event, all of it of T or later, told by the word ``LATE``."""
    products = table(
        facts("LATE", T),
        facts("LATE", AFTER, "dated"),
        facts("LATE", AFTER, "LATE and dated"),
        facts("LATE", None, "LATE and timeless") | {"created_at": T},
    )
    load(graph, {"products": products})
    load(graph, events("LATE", T, "ann", "hat"))
    load(graph, events("LATE again", AFTER, "LATE user", "LATE and bare"))
    load(graph, {"follows": table({"user_id": "LATE user", "follows_id": "ann", "occurred_at": T})})


class Encoder:
    """A text's length and its first letters as a vector: other words, another vector."""

    dimensions = 4

    def __init__(self, name: str, device: torch.device) -> None:
        self.name, self.device = name, device

    def encode(self, texts: Sequence[str], **_: Any) -> np.ndarray[Any, Any]:
        rows = [[len(text), *map(ord, text[:3])] for text in texts]
        return np.array(rows, np.float32) / 1000


@pytest.fixture
def embed(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> Callable[[], pipeline.EmbedReport]:
    monkeypatch.setattr(pipeline, "TextEncoder", Encoder)
    return lambda: pipeline.embed(graph, "letters", "cpu")


def answers(graph: Graph, text: str, until: datetime | None) -> list[Any]:
    """What a reader says, for every type of event where it asks for one, in a fixed order."""
    until_ms = None if until is None else round(until.timestamp() * 1000)
    params = {"until": until, "until_ms": until_ms, "no_time": NO_TIME, "from": 0, "to": 1_000}
    types = [*RELATIONSHIPS.values()] if "$type" in text else [None]
    rows: list[Any] = []
    for type_ in types:
        with graph.driver.session(database=graph.database) as session:
            for row in session.run(text, params | {"type": type_}).data():  # type: ignore[arg-type]
                lists = [value for value in row.values() if isinstance(value, list)]
                if len(lists) == len(row):
                    rows += [(type_, *entry) for entry in zip(*lists, strict=True)]
                else:
                    rows.append((type_, *row.values()))
    return sorted(map(repr, rows))


def all_answers(graph: Graph, until: datetime | None) -> Answers:
    return {name: answers(graph, statement(f"read/{name}"), until) for name in AS_OF_A_TIME}


def told(tensors: ShopTensors) -> dict[str, Any]:
    """Tensors by keys instead of rows, so that rows of what is not known yet make no difference."""
    data = tensors.data
    keys = {"user": tensors.user_ids, "product": tensors.product_ids}
    known: dict[str, Any] = {name: sorted(key for key in ids if key) for name, ids in keys.items()}
    for edge_type in data.edge_types:
        source, _, target = edge_type
        pairs = zip(*data[edge_type].edge_index.tolist(), strict=True)
        known[str(edge_type)] = sorted(
            (keys[source][a] if source in keys else a, keys[target][b] if target in keys else b)
            for a, b in pairs
        )
    product = data["product"]
    for row, key in enumerate(tensors.product_ids):
        if key:
            known[key] = (product.offered[row].item(), product.text[row].tolist())
        else:
            assert not product.offered[row]
            assert not product.has_text[row]
    return known


def test_every_reader_is_as_of_a_time_or_says_why_not() -> None:
    assert set(READERS) == {*AS_OF_A_TIME, *NOT_AS_OF_A_TIME}
    assert not set(AS_OF_A_TIME) & set(NOT_AS_OF_A_TIME)


def test_no_reader_tells_before_t_what_was_known_only_later(
    graph: Graph, embed: Callable[[], pipeline.EmbedReport]
) -> None:
    load_what_is_known(graph)
    embed()
    readers, tensors = all_answers(graph, T), told(read_tensors(graph, T))
    assert "early" in repr([*facts_at(graph, ["hat", "dated", "timeless"], T)])
    former = [*facts_at(graph, ["hat", "dated", "timeless"], T)]
    load_what_comes_later(graph)
    assert embed().former == 2
    assert all_answers(graph, T) == readers
    assert told(read_tensors(graph, T)) == tensors
    assert [*facts_at(graph, ["hat", "dated", "timeless"], T)] == former
    assert "LATE" not in repr((readers, tensors, former))
    # It was a test: each of these has more to say now.
    for name, before in readers.items():
        assert answers(graph, statement(f"read/{name}"), None) != before, name


def test_words_that_have_no_vector_yet_are_not_taken_from_later_ones(
    graph: Graph, embed: Callable[[], pipeline.EmbedReport]
) -> None:
    load_what_is_known(graph)
    load_what_comes_later(graph)
    tensors = read_tensors(graph, T)
    assert not tensors.data["product"].has_text.any()
    embed()
    product = read_tensors(graph, T).data["product"]
    with_text = {key for key, has in zip(tensors.product_ids, product.has_text, strict=True) if has}
    assert with_text == {"hat", "dated", "timeless"}


@pytest.mark.parametrize(
    ("name", "leaking"),
    [
        ("product_brands", "MATCH (p:Product)-[:MADE_BY]->(b) RETURN p.product_id, b.name"),
        ("product_categories", "MATCH (p:Product)-[:IN_CATEGORY]->(c) RETURN p.product_id, c.path"),
        ("product_attributes", "MATCH (p:Product)-[:HAS_ATTRIBUTE]->(a) RETURN a.key"),
        ("product_relations", "MATCH (:Product)-[r:RELATED_TO]->() RETURN r.relation"),
        ("follows", "MATCH (a:User)-[:FOLLOWS]->(b) RETURN a.user_id, b.user_id"),
        ("products", "MATCH (p:Product) RETURN p.product_id, p.in_stock, p.price, p.title"),
        ("users", "MATCH (u:User) RETURN u.user_id"),
        ("text_vectors", "MATCH (p:Product) RETURN p.text_vector"),
        ("events", "MATCH (:User)-[e:$($type)]->(:Product) RETURN e.interaction_id"),
        ("searches", "MATCH (q:Query) RETURN q.text"),
        ("orders", "MATCH (o:Order)-[:CONTAINS]->(p) RETURN o.order_id, p.product_id"),
    ],
)
def test_a_reader_that_forgets_the_time_is_found(
    graph: Graph, embed: Callable[[], pipeline.EmbedReport], name: str, leaking: str
) -> None:
    load_what_is_known(graph)
    embed()
    before = answers(graph, leaking, T)
    load_what_comes_later(graph)
    embed()
    assert answers(graph, leaking, T) != before, name
