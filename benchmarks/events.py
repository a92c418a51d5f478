"""Events to load: those of a data set in the published form, of a table, or simulated."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv

#: Events simulated and written at once.
CHUNK: Final = 1_000_000

#: Events a user, and a product, of the simulated shop.
PER_USER: Final = 16
PER_PRODUCT: Final = 100


def count_of(text: str) -> int:
    """``800k`` or ``10m`` as a number.

    Raises:
        ValueError: it is none.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([km]?)", text.strip().lower())
    if match is None or not float(match[1]):
        raise ValueError(f"{text!r} is no number of events, such as 800k or 10m")
    return round(float(match[1]) * {"": 1, "k": 1_000, "m": 1_000_000}[match[2]])


def write_events(path: Path | None, events: int, file: Path) -> int:
    """Write a table of interactions with user_id, product_id and position; how many rows it has.

    ``path`` is a folder or file in LightGCN's form (``train.txt.gz``, a user and their products a
    line); without it ``events`` are simulated, users at random and products by popularity.

    Raises:
        ValueError: the path holds no such file.
    """
    if path is None:
        return _simulate(events, file)
    source = path / "train.txt.gz" if path.is_dir() else path
    if not source.is_file() or not source.name.endswith(".txt.gz"):
        raise ValueError(f"{path}: no train.txt.gz here, a user and their products a line")
    rows = 0
    with gzip.open(source, "rt", encoding="utf-8") as lines, file.open("wb") as out:
        users: list[str] = []
        products: list[str] = []
        positions: list[int] = []
        for line in lines:
            user, *items = line.split()
            users += [user] * len(items)
            products += items
            positions += range(len(items))
        rows = len(users)
        _write(pa.table([users, products, positions], names=_NAMES), out, header=True)
    return rows


_NAMES: Final = ["user_id", "product_id", "position"]


def _simulate(events: int, file: Path) -> int:
    rng = np.random.default_rng(0)
    users, products = max(events // PER_USER, 1), max(events // PER_PRODUCT, 1)
    positions = np.zeros(users, dtype=np.int64)
    with file.open("wb") as out:
        for start in range(0, events, CHUNK):
            rows = min(CHUNK, events - start)
            user = rng.integers(0, users, rows)
            product = np.minimum((rng.pareto(1.1, rows) * 50).astype(np.int64), products - 1)
            order = pd.Series(user).groupby(user).cumcount().to_numpy()
            position = positions[user] + order
            positions += np.bincount(user, minlength=users)
            texts = [pa.array(values).cast(pa.string()) for values in (user, product)]
            _write(pa.table([*texts, position], names=_NAMES), out, header=start == 0)
    return events


def _write(table: pa.Table, out: object, *, header: bool) -> None:
    pa.csv.write_csv(table, out, pa.csv.WriteOptions(include_header=header))
