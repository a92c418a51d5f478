"""The graph's tensors in one file, for whoever goes on with them elsewhere."""

from __future__ import annotations

import os
import pickle
import zipfile
from datetime import datetime
from pathlib import Path

import torch
from torch_geometric.data import HeteroData
from torch_geometric.data.storage import BaseStorage, EdgeStorage, NodeStorage

from kg.read import ShopTensors


def save_tensors(tensors: ShopTensors, file: Path) -> int:
    """Write the ``HeteroData`` with the keys of its rows, whole or not at all; returns its bytes.

    ``data["user"].user_id`` and ``data["product"].product_id`` are lists of strings, a key a row;
    ``data.until`` is the cutoff as ISO 8601, or empty.

    Raises:
        OSError: the file cannot be written.
    """
    data = tensors.data.clone()
    data["user"].user_id = tensors.user_ids
    data["product"].product_id = tensors.product_ids
    data.until = "" if tensors.until is None else tensors.until.isoformat()
    partial = file.with_name(f".{file.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as handle:
            torch.save(data, handle)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return file.stat().st_size


def load_tensors(file: Path) -> ShopTensors:
    """Read what ``save_tensors`` wrote; runs no code that a file may hold.

    Raises:
        ValueError: the file holds no such tensors.
    """
    try:
        with torch.serialization.safe_globals([HeteroData, BaseStorage, NodeStorage, EdgeStorage]):
            data = torch.load(file, weights_only=True)
        users, products = data["user"].user_id, data["product"].product_id
        until = datetime.fromisoformat(data.until) if data.until else None
    except (
        RuntimeError,
        EOFError,
        AttributeError,
        KeyError,
        TypeError,
        pickle.UnpicklingError,
        zipfile.BadZipFile,
    ) as error:
        first = str(error).strip().partition("\n")[0]
        raise ValueError(f"{file} holds no tensors of a shop: {first}") from error
    return ShopTensors(data, users, products, until)
