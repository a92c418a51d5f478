"""One table: the GNN, its parts taken out, and every baseline, on the same split."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch_geometric.data import HeteroData

from gnn.choice import Settings, choose_gnn, without
from gnn.evaluation import evaluate, paired_bootstrap
from gnn.metrics import Values
from gnn.protocols.task import Split
from gnn.recommender import Context, MissingInput
from gnn.selection import choose, find_baselines, trains, validation_metric
from gnn.tensors import histories_of, knowledge_of
from gnn.training import Knowledge
from shopgraph.progress import progress

log = logging.getLogger(__name__)

#: The project's own model, by the name of the table.
GNN = "gnn"

#: Parts that can be taken out, by the names of the table.
PARTS = ("text", "attributes", "propagation", "transitions", "recency")

Metrics = dict[str, float]


@dataclass(frozen=True)
class Row:
    """A model's metrics, with seconds and peak memory, and its rows for the bootstrap."""

    metrics: Metrics
    rows: dict[str, Values]


def chosen_models(text: str) -> list[str]:
    """The models that ``default``, ``all`` or a list of names with commas stands for.

    Raises:
        ValueError: there is no model of a name.
    """
    found = find_baselines()
    if text == "default":
        return [GNN, *(name for name, of in found.items() if not trains(of))]
    if text == "all":
        return [GNN, *found]
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or (unknown := sorted(set(names) - found.keys() - {GNN})):
        raise ValueError(
            f"No model {', '.join(unknown) if names else text!r}: "
            f"there are default, all, {GNN}, {', '.join(found)}"
        )
    return list(dict.fromkeys(names))


def compare(
    dataset: str,
    split: Split,
    data: HeteroData,
    target_kind: int,
    models: Sequence[str],
    ablations: bool,
    device: torch.device,
    budget_seconds: float,
) -> dict[str, Any]:
    """Choose every model's settings on validation, look at the test once, and lay out the table.

    ``ablations`` are of the GNN, where it is among the models.

    Raises:
        ValueError: there is nothing to learn from.
    """
    knowledge = knowledge_of(data)
    gnn: Row | None = None
    parts: dict[str, Row] = {}
    if GNN in models:
        with progress("training", unit="epoch") as advance:
            choice = choose_gnn(
                split,
                knowledge,
                target_kind,
                device,
                budget_seconds=budget_seconds,
                after_epoch=advance,
            )
        measured = evaluate(choice.recommender, split.test)
        took = {"seconds": choice.seconds, "peak_mb": choice.peak_mb}
        gnn = Row(measured.reported() | took, measured.rows)
        if ablations:
            parts = ablation_rows(split, knowledge, target_kind, choice.settings, device)
    names = [name for name in models if name != GNN]
    baselines = baseline_rows(split, knowledge, target_kind, names)
    histories = histories_of(data)
    sizes = sizes_of(histories.matrix(), histories.num_events)
    return table(dataset, split, sizes, gnn, baselines, parts)


def baseline_rows(
    split: Split, knowledge: Knowledge, target_kind: int, names: Sequence[str]
) -> dict[str, Row]:
    """Those of the named baselines that this data allows, their settings chosen on validation."""
    found = find_baselines()
    context = Context(
        text_vectors=knowledge.text if knowledge.has_text.any() else None,
        attributes=knowledge.attributes,
        target_kind=target_kind,
    )
    rows: dict[str, Row] = {}
    with progress("baselines", len(names), "model") as advance:
        for name in names:
            try:
                choice = choose(name, found[name], split, context)
            except MissingInput as error:
                log.info("%s is left out: %s", name, error)
            else:
                log.info("%s: %s", name, choice.settings)
                measured = evaluate(choice.recommender, split.test)
                took = {"seconds": choice.seconds, "peak_mb": choice.peak_mb}
                rows[name] = Row(measured.reported() | took, measured.rows)
            advance(1)
    return rows


def ablation_rows(
    split: Split,
    knowledge: Knowledge,
    target_kind: int,
    settings: Settings,
    device: torch.device,
    parts: Sequence[str] = PARTS,
) -> dict[str, Row]:
    """The chosen model without one part at a time, trained anew: ``no-text`` and so on."""
    rows: dict[str, Row] = {}
    with progress("ablations", len(parts), "model") as advance:
        for part in parts:
            choice = choose_gnn(
                split, knowledge, target_kind, device, grid=[without(settings, part)]
            )
            measured = evaluate(choice.recommender, split.test)
            took = {"seconds": choice.seconds, "peak_mb": choice.peak_mb}
            rows[f"no-{part}"] = Row(measured.reported() | took, measured.rows)
            advance(1)
    return rows


def table(
    dataset: str,
    split: Split,
    sizes: dict[str, int],
    gnn: Row | None,
    baselines: dict[str, Row],
    ablations: dict[str, Row],
    seed: int = 0,
) -> dict[str, Any]:
    """The JSON of the quality benchmark, with the interval of the GNN's lead over each row."""
    metric = validation_metric(split.test)
    others = baselines | ablations
    whole = baselines if gnn is None else {GNN: gnn} | baselines
    return {
        "dataset": dataset,
        "protocol": split.protocol,
        **sizes,
        "seed": seed,
        "chosen_on": "validation",
        "counts": split.counts,
        "models": {name: row.metrics for name, row in whole.items()},
        "ablations": {name: row.metrics for name, row in ablations.items()},
        "lead": {
            name: lead(metric, gnn.rows[metric], row.rows[metric])
            for name, row in others.items()
            if gnn is not None
        },
    }


def lead(metric: str, ours: Values, theirs: Values) -> dict[str, Any]:
    """Mean difference over users with its 95 % interval (paired bootstrap)."""
    mean, low, high = paired_bootstrap(ours, theirs)
    return {"metric": metric, "mean": mean, "low": low, "high": high}


def render(result: dict[str, Any]) -> str:
    """The table for people, aligned."""
    names = ("hr@10", "ndcg@10", "recall@20", "ndcg@20", "mrr", "coverage@10", "seconds")
    lines = [
        f"{result['dataset']}, {result['protocol']}: {result['users']} users, "
        f"{result['products']} products, {result['interactions']} interactions",
        f"{'model':22}" + "".join(f"{name:>12}" for name in names),
    ]
    rows = result["models"] | result["ablations"]
    for name, metrics in rows.items():
        cells = (
            f"{metrics[metric]:12.1f}" if metric == "seconds" else f"{metrics[metric]:12.4f}"
            for metric in names
        )
        lines.append(f"{name:22}" + "".join(cells))
    return "\n".join(lines)


def sizes_of(matrix: sp.csr_array, interactions: int) -> dict[str, int]:
    """Users and products that occur at all, and how many interactions."""
    users = int(np.count_nonzero(np.diff(matrix.indptr)))
    return {
        "users": users,
        "products": len(np.unique(matrix.indices)),
        "interactions": interactions,
    }
