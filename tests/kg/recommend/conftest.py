"""A small shop with a live run, whose answers can be worked out by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from gnn.config import ModelConfig
from gnn.inference import index_vectors
from gnn.model import History, UserEncoder
from kg.audiences import write_audiences
from kg.connection import Graph
from kg.numbering import number_nodes
from kg.popularity import write_popularity
from kg.publish import Publication, publish
from kg.queries import convert_params, find_query, run_query
from kg.records import KINDS, RELATIONSHIPS
from kg.vectors import ensure_vector_index, write_text_vectors

Ask = Callable[..., list[tuple[Any, ...]]]
Rows = list[dict[str, Any]]

CUTOFF = datetime(2026, 1, 1, tzinfo=UTC)
DIM = 6

#: id, category, brand, price; "sold" is out of stock and "gone" has left the shop.
PRODUCTS = (
    ("p00", "A > X", "one", 10.0),
    ("p01", "A > X", "two", 20.0),
    ("p02", "A > X", "one", 30.0),
    ("p03", "A > X > Z", "two", 12.0),
    ("p04", "A > Y", "one", 15.0),
    ("p05", "A > Y", "two", 25.0),
    ("p06", "A > Y", "one", 35.0),
    ("p07", "B", "two", 5.0),
    ("p08", "B", "one", 6.0),
    ("p09", "B", "three", None),
    ("p10", "B", "three", 8.0),
    ("p11", "C", "one", 9.0),
    ("p12", "C", "two", 11.0),
    ("sold", "A > X", "one", 14.0),
    ("gone", "B", "two", 7.0),
)
IDS = [product[0] for product in PRODUCTS]

#: user, kind, product, days before the cutoff, session.
EVENTS = (
    ("ann", "view", "p00", 9.0, "s1"),
    ("ann", "purchase", "p00", 8.0, "s1"),
    ("ann", "view", "p01", 1.5, "s2"),
    ("ann", "cart", "p04", 1.0, "s2"),
    ("bob", "purchase", "p02", 40.0, "s3"),
    ("bob", "purchase", "p02", 20.0, "s4"),
    ("bob", "purchase", "p04", 20.0, "s4"),
    ("bob", "view", "p05", 3.0, "s5"),
    ("cy", "view", "p07", 2.0, "s6"),
    ("cy", "purchase", "p12", 1.0, "s6"),
)
USERS = ("ann", "bob", "cy", "dee")

#: What each page with constraints is asked, so that it has something to answer.
GIVEN = {
    "for_user": {"user_id": "ann"},
    "home": {"user_id": "ann"},
    "new_user": {"profile.city": "Rome"},
    "similar_products": {"product_id": "p00"},
    "similar_by_text": {"product_id": "p00"},
    "similar_by_graph": {"product_id": "p00"},
    "bought_together": {"product_ids": "p02"},
    "cart": {"product_ids": "p02,p04"},
    "cross_category": {"user_id": "bob"},
    "cross_sell": {"product_id": "p02"},
    "up_sell": {"product_id": "p00"},
    "trending": {},
    "from_following": {"user_id": "dee"},
    "search": {"text": "red", "user_id": "ann"},
    "advert": {"user_id": "ann", "product_ids": ",".join(IDS)},
    "replenishment": {"user_id": "bob", "at": "2026-01-01"},
    "because_you_viewed": {"user_id": "ann"},
    "unseen": {"user_id": "ann"},
}


@dataclass(frozen=True)
class Shop:
    """The graph, and what its run is made of.

    Shapes:
        users: (users, DIM + 2); products: (products, DIM + 2); texts: (products, 4) unit rows,
            zero for p12
    """

    graph: Graph
    encoder: UserEncoder
    z: npt.NDArray[np.float32]
    users: npt.NDArray[np.float32]
    products: npt.NDArray[np.float32]
    texts: npt.NDArray[np.float32]

    def answer(self, name: str, **given: str) -> Rows:
        """The rows of a query as the command line asks it."""
        query = find_query(name)
        return run_query(self.graph, query, convert_params(query, {"k": "20"} | given))

    def ids(self, name: str, **given: str) -> list[str]:
        """The products of a query's rows."""
        return [row["product_id"] for row in self.answer(name, **given)]

    def vector(self, events: list[tuple[str, str, float]], now_days: float = 0.0) -> Any:
        """A user's vector from (kind, product, days before the cutoff), the newest first."""
        history = History(
            offsets=torch.zeros(1, dtype=torch.long),
            product=torch.tensor([IDS.index(product) for _, product, _ in events]),
            kind=torch.tensor([KINDS.index(kind) for kind, _, _ in events]),
            rank=torch.arange(len(events), dtype=torch.float32),
            days=torch.tensor([days - now_days for _, _, days in events]),
        )
        h = self.encoder(torch.from_numpy(self.z), history).detach().numpy()[0]
        return np.concatenate([h, [1.0, 0.0]])


def nearness(vectors: Any, asked: Any) -> Any:
    """Cosines from 0 to 1, as the index scores."""
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(asked)
    return (1 + vectors @ asked / np.where(lengths == 0, 1, lengths)) / 2


@pytest.fixture
def shop(graph: Graph, ask: Ask) -> Shop:
    """The shop with its live run."""
    fill(ask)
    for table in ("users", "products"):
        number_nodes(graph, table)
    torch.manual_seed(0)
    encoder = UserEncoder(ModelConfig(dim=DIM // 2, pools=2, members=2))
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    rng = np.random.default_rng(1)
    # Tensor rows follow the keys' order: "gone" comes before the "p"s and "sold".
    z = rng.normal(size=(len(IDS), DIM)).astype(np.float32)
    bias = rng.normal(size=len(IDS)).astype(np.float32) * 0.1
    texts = rng.normal(size=(len(IDS), 4)).astype(np.float32)
    texts /= np.linalg.norm(texts, axis=1, keepdims=True)
    texts[IDS.index("p12")] = 0
    half = Shop(graph, encoder, z, z, z, texts)
    known = {
        name: [
            (kind, product, days)
            # Of equal times the later line is the newer one.
            for _, (user, kind, product, days, _) in sorted(
                enumerate(EVENTS), key=lambda line: (line[1][3], -line[0])
            )
            if user == name
        ]
        for name in USERS
    }
    # Of a product and kind only the newest event counts.
    known["bob"].remove(("purchase", "p02", 40.0))
    h = np.stack([half.vector(known[n])[:DIM] if known[n] else np.zeros(DIM) for n in USERS])
    users, products = index_vectors(h.astype(np.float32), z, bias)
    row = {product: place for place, product in enumerate(sorted(IDS))}
    order = np.array([IDS.index(name) for name in sorted(IDS)])
    lists = np.full((4, 4), -1)
    lists[0, :4] = [row["p05"], row["p06"], row["sold"], row["p01"]]
    lists[1, :2] = [row["p00"], row["p03"]]
    scores = np.tile(np.array([4.0, 3.0, 2.0, 1.0], np.float32), (4, 1))
    properties = {f"encoder_{key}": value for key, value in encoder.numbers().items()}
    length = float(np.linalg.norm(products[0]))
    properties |= {"history": 300, "products": len(IDS), "product_length": length}
    properties |= {
        "cutoff_ms": round(CUTOFF.timestamp() * 1000),
        "bookmark_ms": round(CUTOFF.timestamp() * 1000),
    }
    publish(
        graph,
        Publication("run", properties, users, products[order], lists, scores),
        CUTOFF,
    )
    ensure_vector_index(graph, "text", 4)
    with_text = [place for place, name in enumerate(sorted(IDS)) if name != "p12"]
    write_text_vectors(
        graph, with_text, texts[order][with_text], ["hash"] * len(with_text), "model"
    )
    trend = np.array([{"p02": 4.0, "p04": 3.0, "p07": 2.0}.get(name, 0) for name in sorted(IDS)])
    touched = {event[2] for event in EVENTS}
    popularity = np.array([float(name in touched) for name in sorted(IDS)])
    write_popularity(
        graph, popularity.astype(np.float32), trend.astype(np.float32), CUTOFF - timedelta(days=1)
    )
    audience = np.array([row["p05"], row["p00"]]), np.array([0.5, 0.25], np.float32)
    write_audiences(graph, [("city=Rome", *audience), ("age=30", audience[0][:1], audience[1][1:])])
    ask("MATCH (p:Product {product_id: 'gone'}) REMOVE p.vector_a, p.vector_b, p.text_vector")
    return Shop(graph, encoder, z, users, products, texts)


def fill(ask: Ask) -> None:
    """Products with what they are linked to, users and what they did."""
    ask(
        """
        UNWIND $products AS row
        CREATE (p:Product {product_id: row[0], title: 'Red ' + row[0], in_stock: row[0] <> 'sold'})
        SET p.price = row[3], p.delisted = CASE row[0] WHEN 'gone' THEN true END
        MERGE (c:Category {path: row[1]}) ON CREATE SET c.name = last(split(row[1], ' > '))
        MERGE (b:Brand {name: row[2]})
        CREATE (p)-[:IN_CATEGORY]->(c), (p)-[:MADE_BY]->(b)
        """,
        products=[list(product) for product in PRODUCTS],
    )
    ask("UNWIND $ids AS id CREATE (:User {user_id: id, city: 'Rome'})", ids=list(USERS))
    for number, event in enumerate(EVENTS):
        add_event(ask, *event, number=number)
    ask(
        """
        UNWIND [['o1', ['p02', 'p04']], ['o2', ['p02', 'p07', 'p04']], ['o3', ['p02', 'p01']],
                ['o4', ['p09', 'sold', 'gone', 'p02']]] AS row
        CREATE (o:Order {order_id: row[0]})
        WITH o, row UNWIND row[1] AS id
        MATCH (p:Product {product_id: id})
        CREATE (o)-[:CONTAINS {interaction_id: row[0] + id}]->(p)
        """
    )
    ask(
        """
        UNWIND [['BOUGHT_WITH', 'p02', 'p04', 0.5], ['BOUGHT_WITH', 'p02', 'p07', 0.25],
                ['BOUGHT_WITH', 'p04', 'p07', 0.5], ['LEADS_TO', 'p04', 'p10', 0.75],
                ['LEADS_TO', 'p01', 'p06', 0.5], ['SIMILAR_TO', 'p01', 'p02', 0.9]] AS row
        MATCH (a:Product {product_id: row[1]}), (b:Product {product_id: row[2]})
        CREATE (a)-[:$(row[0]) {weight: row[3], support: 3}]->(b)
        """
    )
    ask(
        "MATCH (d:User {user_id: 'dee'}), (f:User) WHERE f.user_id IN ['ann', 'bob'] "
        "CREATE (d)-[:FOLLOWS]->(f)"
    )


def add_event(
    ask: Ask,
    user: str,
    kind: str,
    product: str,
    days: float,
    session: str | None = None,
    number: int = 0,
    came: datetime = CUTOFF - timedelta(hours=1),
) -> None:
    """One event so many days before the cutoff."""
    ask(
        """
        MATCH (u:User {user_id: $user}), (p:Product {product_id: $product})
        CREATE (u)-[:$($type) {interaction_id: $id, occurred_at: $at, session_id: $session,
                               line: $number, ingested_at: $came}]->(p)
        """,
        user=user,
        product=product,
        type=RELATIONSHIPS[kind],
        id=f"{user}{kind}{product}{days}",
        at=CUTOFF - timedelta(days=days),
        session=session,
        number=number,
        came=came,
    )
