"""Products that came after the live run: vectors of that run for them, without any training."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

import numpy as np

from gnn import runs
from gnn.ensemble import carry_over_members
from gnn.inference import of_length
from gnn.tensors import histories_of, knowledge_of
from gnn.warm import CannotContinue
from kg.connection import Graph
from kg.links import replace_links
from kg.popularity import count_newcomers
from kg.publish import read_runs, write_product_vectors
from kg.read import read_tensors
from kg.records import KINDS, NO_TIME
from shopgraph.publishing import links_of

log = logging.getLogger(__name__)


def welcome(graph: Graph, folder: Path, cache: Path | None = None) -> int:
    """Give products that the live run does not know their place among its vectors.

    Their text, attributes and relations go through the run's own encoder (inductive), and from
    then on pages find them: by likeness, near a user, and as products nobody has seen.

    Returns:
        How many there were; 0 where no run is live, or its model has no use for texts.
    """
    live = next((run for run in read_runs(graph) if run["live"]), None)
    if live is None or "product_length" not in live:
        return 0
    known = int(live["products"])
    if graph.read("read/count_rows")[0]["products"] <= known:
        return 0
    try:
        run = runs.load_run(folder, live["run_id"])
        weights = runs.load_weights(folder, run)
    except runs.UnknownRunFolder as error:
        log.info("new products get no vectors: %s", error)
        return 0
    if run.model.spectral:
        log.info("new products get no vectors: the live run knows products by behaviour alone")
        return 0
    tensors = read_tensors(graph, None, cache=cache)
    histories, target = histories_of(tensors.data), KINDS.index(run.target_kind)
    try:
        known_of = knowledge_of(tensors.data)
        trained = carry_over_members(histories, known_of, run.model, target, weights)
    except CannotContinue as reason:
        log.info("new products get no vectors: %s", reason)
        return 0
    until = None if run.cutoff is None else datetime.fromisoformat(run.cutoff)
    now = NO_TIME if until is None else round(until.timestamp() * 1000)
    recommender = trained.at(now)
    z, bias = recommender.z.numpy(), recommender.bias.numpy()
    rows = np.array([row for row in range(known, len(z)) if tensors.product_ids[row]], np.int64)
    vectors = of_length(z[rows], bias[rows], float(live["product_length"]) ** 2)
    write_product_vectors(graph, live["slot"], rows, vectors)
    links = links_of(recommender)
    if links is not None:
        replace_links(graph, live["slot"], links.of_rows_from(known), known)
    count_newcomers(graph, rows)
    return len(rows)
