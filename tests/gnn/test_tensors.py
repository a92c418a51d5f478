"""HeteroData to histories and knowledge, by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch_geometric.data import HeteroData

from gnn.tensors import histories_of, is_ordered, knowledge_of, target_kind_of
from kg.records import KINDS


@pytest.fixture
def data() -> HeteroData:
    data = HeteroData()
    sizes = {"user": 2, "product": 3, "brand": 1, "category": 3, "attribute": 2}
    for label, size in sizes.items():
        data[label].num_nodes = size
    data["product"].text = torch.zeros(3, 0)
    data["product"].has_text = torch.zeros(3, dtype=torch.bool)
    for kind, pairs, times in (
        ("view", [[0, 0], [1, 2]], [5, 1]),
        ("purchase", [[0, 1], [1, 0]], [5, 2]),
    ):
        store = data["user", kind, "product"]
        store.edge_index = torch.tensor(pairs)
        store.time = torch.tensor(times)
        store.place = torch.tensor([2, 1])
        store.ordered = kind == "view"
    return data


def test_histories_hold_all_kinds_oldest_first(data: HeteroData) -> None:
    past = histories_of(data)
    assert past.indptr.tolist() == [0, 3, 4]
    # User 0: product 2 viewed at 1, product 1 viewed and bought at 5, both in place 2.
    assert past.product.tolist() == [2, 1, 1, 0]
    names = [KINDS[code] for code in past.kind]
    assert names == ["view", "view", "purchase", "purchase"]
    assert not is_ordered(data)


def test_a_category_counts_for_those_above_it_and_lonely_nodes_are_dropped(
    data: HeteroData,
) -> None:
    # Category 0 under 1 under 2; products 0 in 0, 1 in 1; attribute 0 on products 0 and 2.
    data["category", "subcategory_of", "category"].edge_index = torch.tensor([[0, 1], [1, 2]])
    data["product", "in_category", "category"].edge_index = torch.tensor([[0, 1], [0, 1]])
    data["product", "has_attribute", "attribute"].edge_index = torch.tensor([[0, 2, 1], [0, 0, 1]])
    attributes = knowledge_of(data).attributes
    assert attributes is not None
    assert attributes.toarray().tolist() == [[1, 1, 1], [1, 1, 0], [0, 0, 1]]


def test_a_cycle_of_categories_ends(data: HeteroData) -> None:
    data["category", "subcategory_of", "category"].edge_index = torch.tensor([[0, 1], [1, 0]])
    data["product", "in_category", "category"].edge_index = torch.tensor([[0, 1], [0, 1]])
    attributes = knowledge_of(data).attributes
    assert attributes is not None
    assert attributes.toarray().tolist() == [[1, 1], [1, 1], [0, 0]]


def test_recommendations_aim_at_purchases_else_at_the_nearest_thing(data: HeteroData) -> None:
    past = histories_of(data)
    assert KINDS[target_kind_of(past)] == "purchase"
    viewed = past.keep(past.kind == KINDS.index("view"))
    assert KINDS[target_kind_of(viewed)] == "view"
    with pytest.raises(ValueError, match="nothing to learn from"):
        target_kind_of(past.keep(np.zeros(4, bool)))


def test_words_are_nodes_with_keys_that_any_graph_gives_them(data: HeteroData) -> None:
    data["product", "has_attribute", "attribute"].edge_index = torch.tensor([[0, 2], [0, 0]])
    data["word"].word = ["blue", "mug"]
    data["word"].num_nodes = 2
    data["product", "says", "word"].edge_index = torch.tensor([[0, 1, 1, 2], [0, 0, 1, 1]])
    known = knowledge_of(data)
    assert known.words is not None
    assert known.words.toarray().tolist() == [[1, 0], [1, 1], [0, 1]]
    both = known.as_nodes(attributes=True, words=True)
    assert both.attributes is not None
    assert both.attributes.toarray().tolist() == [[1, 1, 0], [0, 1, 1], [1, 0, 1]]
    assert both.attribute_keys is not None
    assert both.attribute_keys[1:].tolist() == known.word_keys.tolist()  # type: ignore[union-attr]
    assert len(set(both.attribute_keys.tolist())) == 3
    assert known.as_nodes(attributes=True, words=False).attributes.shape == (3, 1)  # type: ignore[union-attr]
    assert known.as_nodes(attributes=False, words=False).attributes is None
    # Another graph has the word elsewhere.
    data["word"].word = ["mug", "red"]
    keys = knowledge_of(data).word_keys
    assert keys is not None
    assert keys[0] == both.attribute_keys[2]
    assert keys[1] not in both.attribute_keys
