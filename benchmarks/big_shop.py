"""A simulated shop of a size that pages are measured on, with vectors of its own behaviour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch

from gnn.config import ModelConfig
from gnn.histories import Histories
from gnn.inference import VectorRecommender, best_of_factors, index_vectors
from gnn.model import UserEncoder
from gnn.tensors import histories_of
from ingestion.knowledge.derive import derive_relations
from kg.connection import Graph
from kg.numbering import number_nodes
from kg.publish import Publication, publish
from kg.read import read_tensors
from shopgraph import pipeline
from shopgraph.loading import ingest
from shopgraph.progress import progress
from shopgraph.publishing import encoder_properties, known_at, write_page_facts
from shopgraph.simulation.shop import simulate
from shopgraph.workspace import Workspace

#: Length of the vectors, before the two numbers that carry popularity and length.
DIM = 128

#: Recommendations a user.
TOP = 20


@dataclass(frozen=True)
class BigShop:
    """What is in the graph, for whoever asks it.

    Shapes:
        users: (users, DIM + 2); products: (products, DIM + 2) float32, by tensor row
    """

    user_ids: list[str]
    product_ids: list[str]
    users: npt.NDArray[np.float32]
    products: npt.NDArray[np.float32]


def write_tables(folder: Path, users: int, products: int, events: int) -> int:
    """The tables of a simulated shop, of its interactions the newest; how many of these."""
    simulate(folder, users=users, products=products, seed=0, language="en")
    (table,) = folder.glob("interactions.csv*")
    frame = pd.read_csv(table, dtype=str).sort_values("occurred_at", kind="stable").tail(events)
    frame.to_csv(table, index=False)
    return len(frame)


def build(graph: Graph) -> BigShop:
    """Embed, relate and publish what has been loaded.

    The vectors are those of the matrix of users and products (truncated SVD), not of a training:
    as many, as long and as clustered, in a minute.
    """
    for label in ("users", "products"):
        number_nodes(graph, label)
    pipeline.embed(graph, device="cpu")
    now = datetime.now(UTC)
    derive_relations(graph, now, None)
    tensors = read_tensors(graph, None)
    histories = histories_of(tensors.data)
    torch.manual_seed(0)
    recommender = _recommender(histories)
    newest = datetime.fromtimestamp((int(histories.time.max()) + 1) / 1000, UTC)
    known, asked = known_at(histories, newest)
    users, products = index_vectors(
        recommender.users(known, asked), recommender.z.numpy(), recommender.bias.numpy()
    )
    bought = histories.keep(histories.kind == 3)
    best = best_of_factors(users, products, bought.matrix(), TOP)
    scores = np.einsum("ud,ukd->uk", users, products[best.clip(0)]).astype(np.float32)
    properties = encoder_properties(recommender) | {
        "cutoff_ms": round(newest.timestamp() * 1000),
        "bookmark_ms": round(now.timestamp() * 1000),
    }
    write_page_facts(graph, histories, 3)
    with progress("writing recommendations", len(users), "user") as advance:
        publication = Publication("run", properties, users, products, best, scores)
        publish(graph, publication, datetime.now(UTC), advance)
    return BigShop(tensors.user_ids, tensors.product_ids, users, products)


def _recommender(histories: Histories) -> VectorRecommender:
    matrix = histories.matrix().tocoo()
    place = torch.from_numpy(np.stack([matrix.row, matrix.col]).astype(np.int64))
    sparse = torch.sparse_coo_tensor(place, torch.from_numpy(matrix.data), matrix.shape).coalesce()
    _, strength, right = torch.svd_lowrank(sparse, q=DIM, niter=4)
    encoder = UserEncoder(ModelConfig(dim=DIM)).eval()
    counts = torch.from_numpy(np.asarray(histories.matrix().sum(axis=0)).ravel())
    z = right * strength.sqrt()
    return VectorRecommender(encoder, z, 0.05 * torch.log1p(counts), 300)


def load_tables(workspace: Workspace, tables: Path) -> None:
    """Into an empty store, by the fastest road."""
    ingest(workspace, tables)
