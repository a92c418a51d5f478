"""From the graph's ``HeteroData`` to what models take: histories and knowledge."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from torch_geometric.data import HeteroData

from gnn.histories import Histories, IntArray
from gnn.knowledge import Knowledge
from kg.records import KINDS

#: Which kind of event recommendations aim at: the first of these that occurs.
TARGETS = ("purchase", "cart", "click", "view", "rate")

#: Brands, categories, attributes and words have keys of their own: a graph's rows are far fewer.
KEYS_A_BLOCK = 2**40
FIRST_WORD_KEY = 2**62


def histories_of(data: HeteroData) -> Histories:
    """All events of all users, oldest first; equal times in the order of the file.

    Shapes:
        rows: data["user"].num_nodes
    """
    parts: list[tuple[IntArray, ...]] = [(np.zeros(0, np.int64),) * 5]
    for code, kind in enumerate(KINDS):
        if ("user", kind, "product") in data.edge_types:
            store = data["user", kind, "product"]
            user, product = store.edge_index.numpy()
            kinds = np.full(len(user), code)
            parts.append((user, product, kinds, store.time.numpy(), store.place.numpy()))
    row, product, kind_code, time, place = (np.concatenate(c) for c in zip(*parts, strict=True))
    sizes = data["user"].num_nodes, data["product"].num_nodes
    return Histories.from_events(row, product, kind_code, time, place, *sizes)


def ingested_of(data: HeteroData) -> IntArray:
    """When each event came in, in the order of ``histories_of``: (events,) int64 milliseconds."""
    parts: list[tuple[IntArray, ...]] = [(np.zeros(0, np.int64),) * 5]
    for kind in KINDS:
        if ("user", kind, "product") in data.edge_types:
            store = data["user", kind, "product"]
            user, product = store.edge_index.numpy()
            came, time, place = (store[name].numpy() for name in ("ingested", "time", "place"))
            parts.append((user, product, came, time, place))
    row, product, came, time, place = (np.concatenate(c) for c in zip(*parts, strict=True))
    sizes = data["user"].num_nodes, data["product"].num_nodes
    # Sorted by the same columns, so that each lands where its event does.
    return Histories.from_events(row, product, came, time, place, *sizes).kind


def knowledge_of(data: HeteroData) -> Knowledge:
    """Text vectors, words, and brands, categories and attributes as one kind of node.

    A product is in the categories above its own, too.
    """
    products = data["product"].num_nodes
    blocks = [
        incidence(data, "made_by", "brand"),
        ancestors(data),
        incidence(data, "has_attribute", "attribute"),
    ]
    filled = [place for place, block in enumerate(blocks) if block.nnz] or [0]
    joined = sp.csr_array(sp.hstack([blocks[place] for place in filled]))
    keys = np.concatenate(
        [place * KEYS_A_BLOCK + np.arange(blocks[place].shape[1]) for place in filled]
    )
    shared = np.flatnonzero(np.asarray((joined > 0).sum(axis=0)).ravel() >= 2)
    attributes = sp.csr_array(joined[:, shared]) if len(shared) else None
    text = data["product"].text.numpy()
    if text.shape[1] == 0:
        text = np.zeros((products, 1), np.float32)
    has_text = data["product"].has_text.numpy()
    return Knowledge(
        text,
        has_text,
        attributes,
        keys[shared] if len(shared) else None,
        *_words_of(data),
    )


def _words_of(data: HeteroData) -> tuple[sp.csr_array | None, npt.NDArray[np.int64] | None]:
    """Products × words, and a key of each word that it has in any graph."""
    if ("product", "says", "word") not in data.edge_types:
        return None, None
    digests = (hashlib.blake2b(word.encode(), digest_size=8).digest() for word in data["word"].word)
    keys = np.array([int.from_bytes(digest) for digest in digests], np.uint64)
    return incidence(data, "says", "word"), (keys >> np.uint64(2)).astype(np.int64) + FIRST_WORD_KEY


def incidence(data: HeteroData, relation: str, target: str) -> sp.csr_array:
    """Products × nodes of another type, 1 where the relation holds."""
    edge_type = ("product", relation, target)
    shape = (data["product"].num_nodes, data[target].num_nodes)
    if edge_type not in data.edge_types:
        return sp.csr_array(shape, dtype=np.float32)
    product, other = data[edge_type].edge_index.numpy()
    return sp.csr_array((np.ones(len(product), np.float32), (product, other)), shape=shape)


def ancestors(data: HeteroData) -> sp.csr_array:
    """Products × categories, 1 for a product's categories and all above them."""
    own = incidence(data, "in_category", "category")
    edge_type = ("category", "subcategory_of", "category")
    if edge_type not in data.edge_types:
        return own
    child, parent = data[edge_type].edge_index.numpy()
    count = data["category"].num_nodes
    up = sp.csr_array((np.ones(len(child), np.float32), (child, parent)), shape=(count, count))
    reached, level = own, own
    # A path no longer than the number of categories ends any cycle in dirty data.
    for _ in range(count):
        level = sp.csr_array(level @ up)
        if not level.nnz or (level > reached).nnz == 0:
            break
        reached = reached + level
        reached.data[:] = 1.0
    return sp.csr_array(reached)


def target_kind_of(histories: Histories) -> int:
    """The code of the kind that recommendations aim at.

    Raises:
        ValueError: nobody did anything to a product.
    """
    present = set(np.unique(histories.kind).tolist())
    for kind in TARGETS:
        if KINDS.index(kind) in present:
            return KINDS.index(kind)
    raise ValueError("There is nothing to learn from: no user has an interaction")


def is_ordered(data: HeteroData) -> bool:
    """Whether every event has a time or a position, so that a user's order means something."""
    stores = [
        data["user", kind, "product"]
        for kind in KINDS
        if ("user", kind, "product") in data.edge_types
    ]
    return all(store.ordered for store in stores)
