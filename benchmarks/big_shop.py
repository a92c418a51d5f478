"""A simulated shop of a size that pages are measured on, with vectors of its own behaviour."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from gnn.choice import MOST_MEMBERS, TIMED, Settings, fit_settings
from gnn.inference import best_of_factors, index_vectors
from gnn.tensors import histories_of, knowledge_of
from ingestion.knowledge.derive import derive_relations
from kg.connection import Graph
from kg.publish import Publication, publish
from kg.read import read_tensors
from kg.records import KINDS
from shopgraph import pipeline
from shopgraph.progress import progress
from shopgraph.publishing import known_at, links_of, serving_properties, write_page_facts
from shopgraph.simulation.shop import simulate

CPU = torch.device("cpu")
PURCHASE = KINDS.index("purchase")

#: Recommendations a user.
TOP = 20

#: The default for shops with times, as long as with all its members, trained for some minutes.
QUICK = Settings(
    replace(TIMED.model, dim=MOST_MEMBERS * TIMED.model.dim),
    replace(TIMED.training, epochs=1, queries=1_024),
)


@dataclass(frozen=True)
class BigShop:
    """What is in the graph, for whoever asks it.

    Shapes:
        products: (products, dim + 2) float32, by tensor row
    """

    user_ids: list[str]
    product_ids: list[str]
    products: npt.NDArray[np.float32]

    def save(self, file: Path) -> None:
        """Keep it beside the store that holds the same."""
        np.savez(file, users=self.user_ids, product_ids=self.product_ids, products=self.products)

    @classmethod
    def load(cls, file: Path) -> BigShop:
        """What was kept."""
        with np.load(file) as kept:
            return cls(kept["users"].tolist(), kept["product_ids"].tolist(), kept["products"])


def write_tables(folder: Path, users: int, products: int, events: int) -> int:
    """The tables of a simulated shop, of its interactions the newest; how many of these."""
    simulate(folder, users=users, products=products, seed=0, language="en")
    (table,) = folder.glob("interactions.csv*")
    frame = pd.read_csv(table, dtype=str).sort_values("occurred_at", kind="stable").tail(events)
    frame.to_csv(table, index=False)
    return len(frame)


def build(graph: Graph) -> BigShop:
    """Embed, relate, train and publish what has been loaded.

    One epoch of large steps: the vectors' worth is not measured here, only how they are found.
    """
    pipeline.embed(graph, device="cpu")
    now = datetime.now(UTC)
    derive_relations(graph, now, None)
    tensors = read_tensors(graph, None)
    histories = histories_of(tensors.data)
    newest = int(histories.time.max()) + 1
    with progress("training", unit="epoch") as advance:
        known_of = knowledge_of(tensors.data)
        trained = fit_settings(histories, known_of, QUICK, PURCHASE, CPU, advance)
    recommender = trained.at(newest)
    known, asked = known_at(histories, datetime.fromtimestamp(newest / 1000, UTC))
    users, products = index_vectors(
        recommender.users(known, asked), recommender.z.numpy(), recommender.bias.numpy()
    )
    bought = histories.keep(histories.kind == PURCHASE)
    best = best_of_factors(users, products, bought.matrix(), TOP)
    scores = np.einsum("ud,ukd->uk", users, products[best.clip(0)]).astype(np.float32)
    properties = serving_properties(recommender, products) | {
        "cutoff_ms": newest,
        "bookmark_ms": round(now.timestamp() * 1000),
    }
    write_page_facts(graph, histories, PURCHASE)
    with progress("writing recommendations", len(users), "user") as advance:
        links = links_of(recommender)
        publication = Publication("run", properties, users, products, best, scores, links=links)
        publish(graph, publication, datetime.now(UTC), advance)
    return BigShop(tensors.user_ids, tensors.product_ids, products)
