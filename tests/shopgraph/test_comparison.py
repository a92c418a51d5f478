"""The table of models: who is in it, what each line holds, and that all of it is numbers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from gnn.choice import Settings
from gnn.config import ModelConfig, TrainConfig
from gnn.histories import Histories
from gnn.knowledge import Knowledge
from gnn.protocols import random
from gnn.recommender import Context
from kg.records import KINDS, NO_TIME
from shopgraph.comparison import (
    PARTS,
    Row,
    ablation_rows,
    baseline_rows,
    chosen_models,
    parts_of,
    pooled,
    render,
    table,
)

PURCHASE = KINDS.index("purchase")


@pytest.fixture(scope="module")
def split() -> random.Split:
    """Even users buy even products and odd users odd ones, six of forty each."""
    rng = np.random.default_rng(0)
    product = np.concatenate([2 * rng.permutation(20)[:6] + user % 2 for user in range(30)])
    indptr = np.arange(0, 181, 6)
    kind, time = np.full(180, PURCHASE), np.full(180, NO_TIME)
    return random.split(Histories(indptr, product, kind, time, 40), PURCHASE)


@pytest.fixture(scope="module")
def rows(split) -> dict[str, Row]:
    return baseline_rows(split, Context(), ["popularity", "content-knn", "item-knn"])


def test_default_leaves_out_what_trains_and_all_has_everything() -> None:
    default, everything = chosen_models("default"), chosen_models("all")
    assert default[0] == everything[0] == "gnn"
    assert {"ease", "gf-cf", "item-knn", "user-knn", "transition-knn"} <= set(default)
    assert set(everything) - set(default) == {"als", "bpr", "lightgcn", "sasrec", "esasrec"}


def test_a_list_names_models_once_each_in_its_order() -> None:
    assert chosen_models("ease, gnn,ease") == ["ease", "gnn"]


def test_a_model_that_the_data_does_not_allow_is_left_out(rows) -> None:
    assert list(rows) == ["popularity", "item-knn"]


def test_a_line_is_numbers_and_its_details_lists(rows) -> None:
    metrics = rows["item-knn"].metrics
    assert all(type(value) in (int, float) for value in metrics.values())
    wanted = {"hr@10", "ndcg@10", "recall@20", "ndcg@20", "mrr", "coverage@10", "seconds"}
    wanted |= {"peak_mb", "precision@10", "f1@20", "map", "auc", "novelty@10", "diversity@10"}
    assert wanted <= metrics.keys()
    details = rows["item-knn"].details
    assert len(details["by_product_decile@20"]) == 10
    assert sum(tenth["share"] for tenth in details["by_product_decile@20"]) == pytest.approx(1)
    assert sum(group["users"] for group in details["by_history_length"]) == 30
    assert rows["item-knn"].settings["kinds"] == "target"


def test_what_the_colour_tells_is_found(rows) -> None:
    assert rows["item-knn"].metrics["auc"] > rows["popularity"].metrics["auc"] + 0.2


def test_without_the_gnn_there_is_no_lead(split, rows) -> None:
    result = table(
        "shop", split, {"users": 30, "products": 40, "interactions": 180}, None, rows, {}
    )
    assert list(result["models"]) == ["popularity", "item-knn"]
    assert result["lead"] == result["ablations"] == {}
    json.dumps(result, allow_nan=False)


def test_the_lead_of_the_gnn_is_the_mean_of_the_differences(split, rows) -> None:
    sizes = {"users": 30, "products": 40, "interactions": 180}
    result = table("shop", split, sizes, rows["item-knn"], {"popularity": rows["popularity"]}, {})
    ours, theirs = rows["item-knn"].metrics["ndcg@10"], rows["popularity"].metrics["ndcg@10"]
    lead = result["lead"]["popularity"]
    assert lead["metric"] == "ndcg@10"
    assert lead["mean"] == pytest.approx(ours - theirs)
    assert lead["low"] < lead["mean"] < lead["high"]


def test_people_see_the_best_first(split, rows) -> None:
    sizes = {"users": 30, "products": 40, "interactions": 180}
    lines = render(table("shop", split, sizes, None, rows, {})).splitlines()
    assert lines[0] == "shop, random: 30 users, 40 products, 180 interactions"
    assert [line.split()[0] for line in lines[2:]] == ["item-knn", "popularity"]


def test_a_line_of_several_hold_outs_counts_each_user_once() -> None:
    first = Row({"ndcg@20": 0.4}, {"ndcg@20": np.array([0.2, 0.6])}, np.array([0, 1]), {}, {})
    second = Row({"ndcg@20": 0.8}, {"ndcg@20": np.array([0.9, 0.7])}, np.array([1, 3]), {}, {})
    both = pooled([first, second])
    assert both.metrics == {"ndcg@20": pytest.approx(0.6)}
    assert both.users.tolist() == [0, 1, 3]
    assert both.rows["ndcg@20"].tolist() == pytest.approx([0.2, 0.75, 0.7])
    assert pooled([first]) is first


def test_a_part_that_the_data_has_nothing_of_is_not_trained_without(split, rows) -> None:
    bare = Knowledge(np.zeros((40, 1), "f4"), np.zeros(40, bool))
    assert parts_of(split, bare) == {"propagation", "transitions"}
    everything = Knowledge(
        np.zeros((40, 1), "f4"), np.ones(40, bool), sp.eye_array(40, format="csr"), np.arange(40)
    )
    assert parts_of(replace(split, ordered=True), everything) == set(PARTS)
    settings = Settings(ModelConfig(dim=4), TrainConfig(epochs=1, asks="hidden", folds=2))
    whole, cpu = rows["item-knn"], torch.device("cpu")
    found = ablation_rows(split, bare, Context(), settings, cpu, whole, ("text", "propagation"))
    assert list(found) == ["no-text", "no-propagation"]
    assert found["no-text"].metrics == whole.metrics
    assert found["no-text"].note == "the whole: this data has nothing of it"
    assert found["no-propagation"].settings["model"]["use_propagation"] is False
    assert not found["no-propagation"].note
    assert table("shop", split, {}, whole, {}, found)["notes"] == {"no-text": found["no-text"].note}


def test_lines_keep_who_was_asked(split, rows) -> None:
    assert rows["item-knn"].users.tolist() == split.test.query_user.tolist()
