"""The sparse term as edges: Cypher scores as the model does, from vectors and edges alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from gnn.behaviour import kind_weights
from gnn.histories import Histories
from gnn.inference import VectorRecommender
from gnn.model import SetEncoder
from gnn.neighbours import NeighbourTerm, Relation
from gnn.tensors import histories_of
from kg.links import Links, replace_links
from kg.read import read_tensors
from kg.records import KINDS
from shopgraph.publishing import product_weights, serving_properties

from .conftest import CUTOFF, IDS, USERS, Ask, Shop, add_event

BUY = KINDS.index("purchase")


@dataclass(frozen=True)
class Scored:
    """The shop whose run has a sparse term, and the model that it is of."""

    shop: Shop
    model: VectorRecommender

    def histories(self) -> Histories:
        """What the graph holds of everybody."""
        return histories_of(read_tensors(self.shop.graph, None).data)

    def scores(self, user: str, now_days: float = 0.0) -> dict[str, float]:
        """What the model gives each product, asked at a moment of what the graph holds."""
        tensors = read_tensors(self.shop.graph, None)
        now = round((CUTOFF - timedelta(days=now_days)).timestamp() * 1000)
        histories = histories_of(tensors.data)
        found = self.model.score(histories, np.full(len(histories), now))
        row = tensors.user_ids.index(user)
        return dict(zip(tensors.product_ids, found[row].tolist(), strict=True))


@pytest.fixture(params=["faded", "by length"])
def scored(shop: Shop, ask: Ask, request: pytest.FixtureRequest) -> Scored:
    rng = np.random.default_rng(2)
    size = (len(IDS), len(IDS))
    first, second = (
        sp.csr_array((rng.random(size) * (rng.random(size) < 0.3)).astype(np.float32))
        for _ in range(2)
    )
    views = np.zeros(len(KINDS), np.float32)
    views[KINDS.index("view")] = 1.0
    by_length = 0.5 if request.param == "by length" else 0.0
    relations = (
        Relation(first, 0.25, kind_weights("equal", BUY), by_length=by_length),
        Relation(second, 1.0, kind_weights("graded", BUY), linear=True),
        Relation(second, 0.5, views, counted=0.03),
    )
    term = NeighbourTerm(relations).weighted(torch.tensor([1.5, 0.7, 0.4]))
    order = [IDS.index(name) for name in sorted(IDS)]
    z, bias = torch.from_numpy(shop.z[order]), torch.from_numpy(shop.products[order, -2].copy())
    replace_links(shop.graph, "a", Links(*term.links()))
    numbers = {f"term_{name}": value for name, value in term.numbers().items()}
    ask("MATCH (run:VectorSlot {slot: 'a'}) SET run += $numbers", numbers=numbers)
    return Scored(shop, VectorRecommender(shop.encoder.eval(), z, bias, 300, term))


@pytest.mark.parametrize("user", USERS[:3])
def test_the_ranking_of_a_run_is_that_of_its_model(scored: Scored, ask: Ask, user: str) -> None:
    expected = scored.scores(user)
    # What they did later is not of the run.
    add_event(ask, user, "view", "p11", -1.0)
    rows = scored.shop.answer("ranking", user_id=user)
    bought = {"ann": {"p00"}, "bob": {"p02", "p04"}, "cy": {"p12"}}[user]
    left = [name for name in expected if name not in bought | {"sold", "gone"}]
    assert [row["product_id"] for row in rows] == sorted(left, key=lambda name: -expected[name])
    for row in rows:
        assert row["score"] == pytest.approx(expected[row["product_id"]], abs=1e-4)
        assert row["score"] == pytest.approx(row["vectors"] + row["history"])
    assert any(row["history"] > 0.1 for row in rows)
    places = {"ann": {"p05": 1, "p06": 2, "p01": 4}, "bob": {"p00": 1, "p03": 2}, "cy": {}}[user]
    told = {row["product_id"]: row["stored"] for row in rows if row["stored"] is not None}
    assert {name: place for name, place in told.items() if name in places} == places


def of_sets(scored: Scored, ask: Ask) -> Scored:
    """The same with another encoder of users: in two blocks, each product with weights there."""
    rng = np.random.default_rng(4)
    width = scored.model.z.shape[1]
    encoder = SetEncoder(len(IDS), [2, width - 2])
    encoder.products.copy_(torch.from_numpy(rng.random((2, len(IDS))).astype(np.float32)))
    encoder.kinds.copy_(torch.from_numpy(kind_weights("graded", BUY)))
    encoder.scale.copy_(torch.tensor([1.5, 0.6]))
    model = replace(scored.model, users_encoder=encoder)
    facts = serving_properties(model, scored.shop.products)
    ask(
        "MATCH (run:VectorSlot {slot: 'a'}) SET run.encoder_mix = null, run += $sets",
        sets={name: value for name, value in facts.items() if name.startswith("sets_")},
    )
    ask(
        "UNWIND range(0, size($weights) - 1) AS i "
        "MATCH (p:Product {idx: i}) SET p.weights_a = $weights[i]",
        weights=product_weights(model).tolist(),
    )
    return Scored(scored.shop, model)


@pytest.mark.parametrize("sets", [False, True])
def test_what_happens_now_counts_by_vector_and_edges(scored: Scored, ask: Ask, sets: bool) -> None:
    if sets:
        scored = of_sets(scored, ask)
    add_event(ask, "ann", "cart", "p10", -2.0, came=CUTOFF + timedelta(days=2))
    expected = scored.scores("ann", now_days=-2.0)
    rows = scored.shop.answer("home", user_id="ann")
    nearest = [row for row in rows if row["source"] == "nearest"]
    left = [name for name in expected if name not in ("p00", "sold", "gone")]
    assert [row["product_id"] for row in nearest] == sorted(left, key=lambda name: -expected[name])
    for row in nearest:
        assert row["score"] == pytest.approx(expected[row["product_id"]], abs=1e-4)


@pytest.mark.parametrize("scored", ["faded"], indirect=True)
@pytest.mark.parametrize("name", ["advert", "cross_category", "unseen", "search"])
def test_every_page_that_follows_a_user_knows_users_of_sets(
    scored: Scored, ask: Ask, name: str
) -> None:
    given = {"user_id": "bob"}
    given |= {"advert": {"product_ids": ",".join(IDS)}, "search": {"text": "red"}}.get(name, {})
    add_event(ask, "bob", "cart", "p10", -2.0, came=CUTOFF + timedelta(days=2))
    scored = of_sets(scored, ask)
    known = scored.shop.answer(name, **given)
    users = scored.model.vectors_only().users(scored.histories(), None)
    bob = np.append(users[sorted(USERS).index("bob")], [1.0, 0.0])
    ask(
        "MATCH (u:User {user_id: 'bob'}) SET u.vector_a = $vector WITH u "
        "MATCH (run:VectorSlot {slot: 'a'}) SET run.bookmark_ms = $later",
        vector=bob.tolist(),
        later=1 << 60,
    )
    stored = scored.shop.answer(name, **given)
    assert [row["product_id"] for row in known] == [row["product_id"] for row in stored]
    assert [row["score"] for row in known] == pytest.approx(
        [row["score"] for row in stored], abs=1e-5
    )
    assert known


def test_links_are_the_matrices_side_by_side() -> None:
    one = sp.csr_array(np.array([[0, 2.0, 0], [0, 0, 0], [1.0, 0, 0]], np.float32))
    two = sp.csr_array(np.array([[0, 3.0, 4.0], [0, 0, 0], [0, 0, 0]], np.float32))
    counts = kind_weights("equal", BUY)
    relations = (Relation(one, 0.0, counts), Relation(two, 0.0, counts), Relation(one, 1.0, counts))
    term = NeighbourTerm(relations).weighted(torch.ones(3))
    indptr, target, weights = term.links()
    assert indptr.tolist() == [0, 2, 2, 3]
    assert target.tolist() == [1, 2, 0]
    assert weights.tolist() == [[2, 3], [0, 4], [1, 0]]
    assert term.numbers()["matrix"] == [0, 1, 0]


def test_edges_of_late_rows_are_replaced_alone(shop: Shop, ask: Ask) -> None:
    def links(*edges: tuple[int, int, float]) -> Links:
        matrix = sp.coo_array(
            ([w for *_, w in edges], ([i for i, *_ in edges], [j for _, j, _ in edges])),
            shape=(len(IDS), len(IDS)),
        ).tocsr()
        data = matrix.data.astype(np.float32)[:, None]
        return Links(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), data)

    def written() -> list[tuple[int, int, float]]:
        edges = "MATCH (p)-[c:COUNTS_FOR_B]->(q) RETURN p.idx AS i, q.idx AS j, c.weights"
        return [(i, j, w[0]) for i, j, w in ask(f"{edges} ORDER BY i, j")]

    whole = links((0, 1, 1.0), (0, 9, 2.0), (9, 9, 3.0), (10, 2, 4.0))
    replace_links(shop.graph, "b", whole)
    assert written() == [(0, 1, 1.0), (0, 9, 2.0), (9, 9, 3.0), (10, 2, 4.0)]
    now = links((0, 1, 5.0), (3, 9, 6.0), (9, 0, 7.0))
    replace_links(shop.graph, "b", now.of_rows_from(9), 9)
    assert written() == [(0, 1, 1.0), (3, 9, 6.0), (9, 0, 7.0)]
    replace_links(shop.graph, "b", None)
    assert written() == []
    assert ask("MATCH ()-[c:COUNTS_FOR_A]->() RETURN count(c)") == [(0,)]
