"""One table: the GNN, its parts taken out, and every baseline, on the same split."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch_geometric.data import HeteroData

from gnn import exposure
from gnn.choice import GnnChoice, Settings, choose_gnn, fit_task, without
from gnn.evaluation import evaluate, paired_bootstrap
from gnn.histories import IntArray
from gnn.inference import Reranked
from gnn.knowledge import Knowledge
from gnn.metrics import Values
from gnn.protocols.cold import take_out
from gnn.protocols.task import Split
from gnn.recommender import Context, MissingInput, Recommender
from gnn.selection import choose, find_baseline, find_baselines, trains, validation_metric
from gnn.tensors import histories_of, knowledge_of
from shopgraph.progress import progress

log = logging.getLogger(__name__)

#: The project's own model, by the name of the table.
GNN = "gnn"

#: Parts that can be taken out, by the names of the table.
PARTS = ("text", "attributes", "propagation", "transitions", "recency")

Metrics = dict[str, float]


@dataclass(frozen=True)
class Row:
    """A model's line of the table.

    ``rows`` are the metrics of every user, for the bootstrap, who are ``users``; ``details`` what
    needs a list: each tenth of the products by popularity, users by the length of their history;
    ``note`` what must be known to read the line rightly.
    """

    metrics: Metrics
    rows: dict[str, Values]
    users: IntArray
    settings: dict[str, Any]
    details: dict[str, Any]
    note: str = ""


def measured_row(
    recommender: Recommender,
    split: Split,
    context: Context,
    settings: dict[str, Any],
    took: Metrics,
) -> Row:
    """Look at the test once; ``took`` are the seconds and the peak memory until then."""
    found = evaluate(recommender, split.test)
    train = split.test.train
    features = exposure.unit_features(context.text_vectors, train)
    shown = exposure.describe(found.shown, train, features, 10)
    metrics = found.reported() | found.metrics | shown | took
    ranks = {name: found.rows[name] for name in ("recall@20", "ndcg@20", "mrr")}
    lengths = split.test.queries.lengths[found.asked]
    details = {
        "by_product_decile@20": exposure.by_product_decile(
            found.shown, found.ranks, found.target, train, 20
        ),
        "by_history_length": exposure.by_history_length(lengths, ranks),
    }
    of = split.test.query_user
    users = found.asked if of is None else of[found.asked]
    return Row(metrics, found.rows, users, settings, details)


def pooled(rows: Sequence[Row]) -> Row:
    """One line of several hold-outs: their mean, and of each user the mean of theirs.

    Settings and details are those of the first.
    """
    if len(rows) == 1:
        return rows[0]
    users, of = np.unique(np.concatenate([row.users for row in rows]), return_inverse=True)
    counts = np.bincount(of)
    values = {
        name: np.bincount(of, np.concatenate([row.rows[name] for row in rows])) / counts
        for name in rows[0].rows
    }
    metrics = {
        name: float(np.mean([row.metrics[name] for row in rows])) for name in rows[0].metrics
    }
    return replace(rows[0], metrics=metrics, rows=values, users=users)


def context_of(knowledge: Knowledge, texts: Sequence[str] | None, target_kind: int) -> Context:
    """What baselines may know besides behaviour: the same as the GNN, and the texts themselves."""
    return Context(
        text_vectors=knowledge.text if knowledge.has_text.any() else None,
        attributes=knowledge.attributes,
        texts=texts,
        target_kind=target_kind,
    )


def chosen_models(text: str) -> list[str]:
    """The models that ``default``, ``all`` or a list of names with commas stands for.

    A name is that of the table, or ``module:Class`` for a baseline of one's own.

    Raises:
        ValueError: there is no model of a name.
    """
    found = find_baselines()
    if text == "default":
        return [GNN, *(name for name, of in found.items() if not trains(of))]
    if text == "all":
        return [GNN, *found]
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise ValueError(f"No model in {text!r}: default, all, or names with commas")
    for name in names:
        if name != GNN:
            find_baseline(name)
    return list(dict.fromkeys(names))


def compare(
    dataset: str,
    splits: Sequence[Split],
    data: HeteroData,
    texts: Sequence[str] | None,
    target_kind: int,
    models: Sequence[str],
    ablations: bool,
    device: torch.device,
    budget_seconds: float,
    peer_seconds: float,
) -> dict[str, Any]:
    """Choose every model's settings on validation, look at the test once, and lay out the table.

    Of several hold-outs each is done for itself, and the table holds their means. ``ablations`` are
    of the GNN, where it is among the models; ``peer_seconds`` is what one training of a baseline
    may take.

    Raises:
        ValueError: there is nothing to learn from.
    """
    knowledge = knowledge_of(data)
    context = replace(context_of(knowledge, texts, target_kind), train_seconds=peer_seconds)
    gnns: list[Row] = []
    parts: list[dict[str, Row]] = []
    baselines: list[dict[str, Row]] = []
    cold: dict[str, dict[str, Metrics]] = {}
    for split in splits:
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
            gnns.append(gnn_row(choice, split, context))
            if ablations:
                whole = gnns[-1]
                part_by_part = ablation_rows(
                    split, knowledge, context, choice.settings, device, whole
                )
                parts.append(part_by_part | served_rows(choice, split, context))
                cold = cold or cold_rows(split, knowledge, context, choice.settings, device)
        baselines.append(baseline_rows(split, context, [name for name in models if name != GNN]))
    histories = histories_of(data)
    sizes = sizes_of(histories.matrix(), histories.num_events)
    return table(
        dataset,
        splits[0],
        sizes,
        pooled(gnns) if gnns else None,
        pooled_table(baselines),
        pooled_table(parts),
        cold,
        hold_outs=len(splits),
    )


def pooled_table(tables: Sequence[dict[str, Row]]) -> dict[str, Row]:
    """``pooled`` of each line that all hold-outs have."""
    names = list(tables[0]) if tables else []
    return {
        name: pooled([rows[name] for rows in tables])
        for name in names
        if all(name in rows for rows in tables)
    }


def gnn_row(
    choice: GnnChoice, split: Split, context: Context, served: Recommender | None = None
) -> Row:
    """The GNN's line, with the settings it chose, whole or as it is ``served``."""
    took = {"seconds": choice.seconds, "peak_mb": choice.peak_mb}
    answers = choice.recommender if served is None else served
    return measured_row(answers, split, context, asdict(choice.settings), took)


def served_rows(choice: GnnChoice, split: Split, context: Context) -> dict[str, Row]:
    """What an index of the vectors answers alone, and after its 200 nearest were scored anew.

    Beside the nearest all products are scored that the history counts for.
    """
    whole = choice.recommender
    return {
        "vectors-only": gnn_row(choice, split, context, whole.vectors_only()),
        "re-ranked": gnn_row(choice, split, context, Reranked(whole)),
    }


def baseline_rows(split: Split, context: Context, names: Sequence[str]) -> dict[str, Row]:
    """Those of the named baselines that this data allows, their settings chosen on validation."""
    rows: dict[str, Row] = {}
    with progress("baselines", len(names), "model") as advance:
        for name in names:
            baseline = find_baseline(name)
            try:
                choice = choose(name, baseline, split, context)
            except MissingInput as error:
                log.info("%s is left out: %s", name, error)
            else:
                log.info("%s: %s", name, choice.settings)
                took = {"seconds": choice.seconds, "peak_mb": choice.peak_mb}
                settings = asdict(choice.settings) | {"new_first": choice.new_first}
                row = measured_row(choice.recommender, split, context, settings, took)
                if trains(baseline):
                    most = f"{context.train_seconds:.0f} s at most each"
                    row = replace(row, note=f"{len(choice.trials)} trainings, {most}")
                rows[name] = row
                # Before the next is fitted: a model can be most of the memory.
                del choice
            advance(1)
    return rows


def ablation_rows(
    split: Split,
    knowledge: Knowledge,
    context: Context,
    settings: Settings,
    device: torch.device,
    whole: Row,
    parts: Sequence[str] = PARTS,
) -> dict[str, Row]:
    """The chosen model without one part at a time, trained anew: ``no-text`` and so on.

    Without what this data has nothing of it is the ``whole``.
    """
    rows: dict[str, Row] = {}
    there = parts_of(split, knowledge).intersection(parts)
    with progress("ablations", len(there), "model") as advance:
        for part in parts:
            if part not in there:
                note = "the whole: this data has nothing of it"
                rows[f"no-{part}"] = replace(whole, note=note)
                continue
            grid = [without(settings, part)]
            choice = choose_gnn(split, knowledge, context.target_kind, device, grid=grid)
            rows[f"no-{part}"] = gnn_row(choice, split, context)
            advance(1)
    return rows


def parts_of(split: Split, knowledge: Knowledge) -> set[str]:
    """Those of ``PARTS`` that this data has anything of."""
    attributes = knowledge.attributes
    there = {"propagation", "transitions"}
    there |= {"text"} if knowledge.has_text.any() or knowledge.words is not None else set()
    there |= {"attributes"} if attributes is not None and attributes.nnz else set()
    return there | ({"recency"} if split.ordered else set())


def cold_rows(
    split: Split,
    knowledge: Knowledge,
    context: Context,
    settings: Settings,
    device: torch.device,
) -> dict[str, dict[str, Metrics]]:
    """How a tenth of the products, taken out of training, is found beside content-kNN.

    Asked among themselves, among all products, and for the rest of the products: what finding the
    cold ones costs. Empty where products have neither text nor attributes, or none is asked for.
    """
    described = knowledge.has_text.copy()
    if knowledge.attributes is not None:
        described |= np.diff(knowledge.attributes.indptr) > 0
    try:
        tasks = take_out(split.test, described)
    except ValueError as error:
        log.info("no figures of cold products: %s", error)
        return {}
    train = tasks.among_all.train
    with progress("cold products", unit="epoch") as advance:
        gnn, _ = fit_task(
            tasks.among_all, knowledge, settings, context.target_kind, device, advance
        )
    name = "content-knn"
    content = find_baseline(name)
    chosen = choose(name, content, split, context).settings
    models = {GNN: gnn, name: content.fit(train, chosen, context)}
    asked = {"among_cold": tasks.among_cold, "among_all": tasks.among_all, "warm": tasks.warm}
    return {
        question: {name: evaluate(model, task).reported() for name, model in models.items()}
        for question, task in asked.items()
    }


def table(
    dataset: str,
    split: Split,
    sizes: dict[str, int],
    gnn: Row | None,
    baselines: dict[str, Row],
    ablations: dict[str, Row],
    cold: dict[str, dict[str, Metrics]] | None = None,
    seed: int = 0,
    hold_outs: int = 1,
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
        "hold_outs": hold_outs,
        "counts": split.counts,
        "models": {name: row.metrics for name, row in whole.items()},
        "ablations": {name: row.metrics for name, row in ablations.items()},
        "cold": cold or {},
        "settings": {name: row.settings for name, row in (whole | ablations).items()},
        "details": {name: row.details for name, row in whole.items()},
        "notes": {name: row.note for name, row in (whole | ablations).items() if row.note},
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
    best_first = sorted(result["models"].items(), key=lambda row: -row[1]["ndcg@20"])
    for name, metrics in [*best_first, *result["ablations"].items()]:
        cells = (
            f"{metrics[metric]:12.1f}" if metric == "seconds" else f"{metrics[metric]:12.4f}"
            for metric in names
        )
        lines.append(f"{name:22}" + "".join(cells))
    lines += [f"{name}: {note}" for name, note in result["notes"].items()]
    return "\n".join(lines)


def sizes_of(matrix: sp.csr_array, interactions: int) -> dict[str, int]:
    """Users and products that occur at all, and how many interactions."""
    users = int(np.count_nonzero(np.diff(matrix.indptr)))
    return {
        "users": users,
        "products": len(np.unique(matrix.indices)),
        "interactions": interactions,
    }
