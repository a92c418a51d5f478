"""A run beside every default baseline and beside itself without a part."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from gnn.choice import Settings, choose_gnn
from gnn.runs import Run
from gnn.tensors import histories_of, is_ordered, knowledge_of
from kg.connection import Graph
from kg.read import read_tensors
from kg.records import KINDS
from shopgraph.comparison import (
    GNN,
    ablation_rows,
    baseline_rows,
    chosen_models,
    context_of,
    measured_row,
    sizes_of,
    table,
)
from shopgraph.pipeline import default_split, pick_device, read_texts
from shopgraph.progress import progress

#: What a run is shown without; the benchmark has them all.
SHOWN_PARTS = ("text", "attributes")


def evaluate_run(graph: Graph, run: Run, device: str = "auto") -> dict[str, Any]:
    """The run's test beside the baselines', all on the split that the run was measured on.

    The run's own model is fitted again with its settings, so that its lead has an interval.

    Raises:
        ValueError: the run has no test.
    """
    if run.protocol == "none":
        raise ValueError(f"Run {run.run_id} has no test: there were too few interactions")
    until = None if run.cutoff is None else datetime.fromisoformat(run.cutoff)
    tensors = read_tensors(graph, until)
    histories = histories_of(tensors.data)
    knowledge = knowledge_of(tensors.data)
    target = KINDS.index(run.target_kind)
    cutoff_ms = None if until is None else round(until.timestamp() * 1000)
    split = default_split(histories, target, cutoff_ms, is_ordered(tensors.data))
    if split is None:
        raise ValueError(f"The graph no longer holds what run {run.run_id} was measured on")
    on = pick_device(device)
    settings = Settings(run.model, run.training)
    with progress("training", unit="epoch") as advance:
        again = choose_gnn(split, knowledge, target, on, grid=[settings], after_epoch=advance)
    # What the run took when it was trained, not what it took to train again.
    took = {name: run.metrics[name] for name in ("seconds", "peak_mb")}
    context = context_of(knowledge, read_texts(graph, len(tensors.product_ids)), target)
    gnn = measured_row(again.recommender, split, context, asdict(settings), took)
    result = table(
        run.run_id,
        split,
        sizes_of(histories.matrix(), histories.num_events),
        gnn,
        baseline_rows(split, context, [name for name in chosen_models("default") if name != GNN]),
        ablation_rows(split, knowledge, context, settings, on, gnn, SHOWN_PARTS),
        seed=run.training.seed,
    )
    return {"run_id": run.run_id, "cutoff": run.cutoff, **result}
