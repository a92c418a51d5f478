"""The calls a data scientist imports, on a real graph."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from gnn.baselines import popularity
from ingestion.load import load
from kg.connection import Graph
from kg.read import ShopTensors, read_tensors
from shopgraph import api

EVENTS = """user_id,product_id,kind,occurred_at
U1,A,purchase,2026-01-01
U1,B,view,2026-01-02
U2,A,purchase,2026-01-03
U2,C,purchase,2026-01-04
U3,D,purchase,2026-02-01
"""
PRODUCTS = "product_id,title,stock\nA,red mug,3\nB,blue mug,3\nC,bowl,3\nD,spoon,0\n"


@pytest.fixture
def tensors(graph: Graph, tmp_path: Path) -> ShopTensors:
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "interactions.csv").write_text(EVENTS)
    (shop / "products.csv").write_text(PRODUCTS)
    load(graph, shop, rejects_dir=tmp_path / "rejects")
    return read_tensors(graph, datetime(2026, 2, 1, tzinfo=UTC))


@pytest.fixture
def model(tensors: ShopTensors) -> Any:
    histories = api.histories_of(tensors.data)
    return popularity.fit(histories, popularity.Settings("events"), api.Context())


def rows(frame: pd.DataFrame) -> list[tuple[str, int, str]]:
    return list(zip(frame["user_id"], frame["rank"], frame["product_id"], strict=True))


def test_every_name_is_there() -> None:
    assert all(hasattr(api, name) for name in api.__all__)


def test_users_get_what_is_in_stock_and_new_to_them(tensors, model) -> None:
    found = api.recommend(model, tensors, ["U2", "U1"], k=2)
    # A sold twice, C once, B never; D is out of stock.
    assert rows(found) == [("U2", 1, "B"), ("U1", 1, "C"), ("U1", 2, "B")]
    assert found["score"].tolist() == [0, 1, 0]


def test_what_was_bought_may_be_kept(tensors, model) -> None:
    found = api.recommend(model, tensors, ["U2"], k=2, keep_seen=True)
    assert rows(found) == [("U2", 1, "A"), ("U2", 2, "C")]


def test_a_session_needs_no_user(tensors, model) -> None:
    found = api.recommend_for(model, tensors, {"me": ["A"], "you": []}, k=1)
    assert rows(found) == [("me", 1, "C"), ("you", 1, "A")]
    assert rows(api.recommend_for(model, tensors, {"me": ["A"]}, k=1, kind="view")) == [
        ("me", 1, "A")
    ]


def test_nobody_asked_is_an_empty_table(tensors, model) -> None:
    found = api.recommend(model, tensors, [])
    assert list(found.columns) == ["user_id", "rank", "product_id", "score"]
    assert not len(found)


def test_who_or_what_is_not_there_is_named(tensors, model) -> None:
    with pytest.raises(ValueError, match="No user 'U9'"):
        api.recommend(model, tensors, ["U1", "U9"])
    with pytest.raises(ValueError, match="No product 'Z'"):
        api.recommend_for(model, tensors, {"me": ["Z"]})
    with pytest.raises(ValueError, match="No kind 'gaze'"):
        api.recommend_for(model, tensors, {"me": ["A"]}, kind="gaze")


# Export


def test_a_file_gives_back_what_was_read(tensors, tmp_path) -> None:
    size = api.save_tensors(tensors, tmp_path / "shop.pt")
    assert size == (tmp_path / "shop.pt").stat().st_size
    again = api.load_tensors(tmp_path / "shop.pt")
    assert again.user_ids == tensors.user_ids
    assert again.product_ids == tensors.product_ids
    assert again.until == tensors.until
    assert again.data.edge_types == tensors.data.edge_types
    for edge_type in tensors.data.edge_types:
        for name, value in tensors.data[edge_type].items():
            if torch.is_tensor(value):
                assert torch.equal(again.data[edge_type][name], value)
    assert np.array_equal(again.data["product"].offered, tensors.data["product"].offered)
    assert not hasattr(tensors.data["user"], "user_id"), "what is saved is a copy"


def test_the_file_is_heterodata_for_everybody(tensors, tmp_path) -> None:
    api.save_tensors(tensors, tmp_path / "shop.pt")
    data = torch.load(tmp_path / "shop.pt", weights_only=False)
    assert data["user", "purchase", "product"].edge_index.shape == (2, 3)
    assert sorted(data["product"].product_id) == ["A", "B", "C", "D"]
    assert data.until == "2026-02-01T00:00:00+00:00"


def test_what_is_no_such_file_is_told(tmp_path) -> None:
    (tmp_path / "text.pt").write_text("no tensors")
    with pytest.raises(ValueError, match=r"text\.pt holds no tensors of a shop"):
        api.load_tensors(tmp_path / "text.pt")
    torch.save({"user": 1}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match="holds no tensors"):
        api.load_tensors(tmp_path / "other.pt")


def test_a_file_that_cannot_be_written_leaves_nothing(tensors, tmp_path) -> None:
    with pytest.raises(OSError, match="No such file"):
        api.save_tensors(tensors, tmp_path / "nowhere" / "shop.pt")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        api.save_tensors(tensors, tmp_path / "folder")
    assert not list(tmp_path.glob(".*partial"))
