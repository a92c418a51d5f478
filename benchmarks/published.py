"""Splits as they were published: two files of users' products, or three of sliding windows."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from gnn.histories import Histories, IntArray
from gnn.protocols import files
from gnn.protocols.task import Split
from gnn.tensors import histories_of
from ingestion.csv_file import read_csv
from ingestion.errors import SourceError
from ingestion.header import Header
from ingestion.load import load
from ingestion.sources import tables
from kg.connection import Graph
from kg.read import ShopTensors
from kg.records import NO_TIME

PAIRS = ("train.txt", "test.txt")
WINDOWS = ("train.csv", "valid.csv", "test.csv")


@dataclass(frozen=True)
class Part:
    """One file: users, what each has, oldest first where order is known, and what came next.

    ``targets`` is empty for files that have none; a user may stand on several lines.
    """

    users: list[str]
    histories: list[list[str]]
    targets: list[str]


@dataclass(frozen=True)
class Published:
    """A split; ``valid`` is there for windows alone, ``products`` a table if there is one."""

    train: Part
    valid: Part | None
    test: Part
    products: Path | None = None


def read_split(folder: Path) -> Published:
    """The split that a folder holds, in whichever of the two forms.

    Raises:
        SourceError: it holds neither or both, or a file is damaged.
    """
    pairs = [_found(folder, name) for name in PAIRS]
    windows = [_found(folder, name) for name in WINDOWS]
    if all(pairs) == all(windows):
        which = "both of" if all(pairs) else "neither"
        raise SourceError(
            f"{folder}: {which} {' and '.join(PAIRS)}, {' and '.join(WINDOWS)} (or with .gz)"
        )
    if all(pairs):
        train, test = (_read_lines(path) for path in pairs if path)
        return Published(train, None, test)
    train, valid, test = (_read_windows(path, path.name[:5] != "train") for path in windows if path)
    products = (_found(folder, f"products{ending}", ("",)) for ending in tables.ENDINGS)
    return Published(train, valid, test, next(filter(None, products), None))


def load_split(
    graph: Graph,
    split: Published,
    kind: str,
    scratch: Path,
    rejects_dir: Path,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Bring products and the events of ``train`` into the graph, through the usual tables.

    Of valid and test only the names become nodes: users that are asked, products that are
    candidates. What stands in them is behaviour only for the asked row.
    """
    if split.products is not None:
        load(graph, split.products, rejects_dir=rejects_dir, progress=progress)
    parts = [split.train, *([] if split.valid is None else [split.valid]), split.test]
    products = {product for part in parts for row in part.histories for product in row}
    products |= {product for part in parts for product in part.targets}
    # Windows are asked by their history alone, whoever's it is.
    askers = split.train.users + ([] if split.valid else split.test.users)
    scratch.mkdir(parents=True)
    for name, ids in (("product_id", sorted(products)), ("user_id", list(dict.fromkeys(askers)))):
        frame = pd.DataFrame({name: ids})
        frame.to_csv(scratch / f"{name.removesuffix('_id')}s.csv", index=False)
    user, product = _flat(split.train)
    events = pd.DataFrame({"user_id": user, "product_id": product, "kind": kind})
    if split.valid is not None:
        events["position"] = range(len(events))
    events.to_csv(scratch / "interactions.csv", index=False)
    load(graph, scratch, rejects_dir=rejects_dir, progress=progress)


def split_of(split: Published, tensors: ShopTensors, target_kind: int, seed: int = 0) -> Split:
    """The split as tasks on what was read back from the graph."""
    product_row = {key: row for row, key in enumerate(tensors.product_ids)}
    train = histories_of(tensors.data)
    if split.valid is None:
        user_row = {key: row for row, key in enumerate(tensors.user_ids)}
        asked = [user_row[user] for user in split.test.users]
        test = _histories(split.test, asked, len(train), product_row, target_kind)
        return files.split_pairs(train, test, target_kind, seed)
    queries, targets = [], []
    for part in (split.valid, split.test):
        own = range(len(part.users))
        queries.append(_histories(part, own, len(own), product_row, target_kind))
        targets.append(np.array([product_row[product] for product in part.targets], np.int64))
    return files.split_windows(train, queries[0], targets[0], queries[1], targets[1])


def _found(folder: Path, name: str, endings: Sequence[str] = ("", ".gz")) -> Path | None:
    paths = [folder / f"{name}{ending}" for ending in endings]
    return next((path for path in paths if path.is_file()), None)


def _read_lines(path: Path) -> Part:
    """A user and their products a line, separated by spaces."""
    words = [line.split() for line in _text_lines(path)]
    rows = [row for row in words if row]
    return Part([row[0] for row in rows], [row[1:] for row in rows], [])


def _text_lines(path: Path) -> Iterator[str]:
    try:
        opened = gzip.open if path.suffix == ".gz" else open
        with opened(path, "rt", encoding="utf-8") as handle:
            yield from handle
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: {error}") from error


def _read_windows(path: Path, has_target: bool) -> Part:
    """A user, a history and, in valid and test, a target a row."""
    names = ("user_id", "history", "target")[: 3 if has_target else 2]
    part = Part([], [], [])
    for frame, rejects in read_csv(path, Header(known=names, required=names)):
        if len(rejects):
            first = rejects.frame.iloc[0]
            raise SourceError(f"{path}: line {first['line']}: {first['reason']}")
        for line, user, history in zip(
            frame.index, frame["user_id"], frame["history"], strict=True
        ):
            if not user.strip():
                raise SourceError(f"{path}: line {line}: no user_id")
            part.users.append(user.strip())
            part.histories.append(history.split())
        if has_target:
            for line, target in zip(frame.index, frame["target"], strict=True):
                if len(target.split()) != 1:
                    raise SourceError(f"{path}: line {line}: {target!r} is not one target")
                part.targets.append(target.strip())
    return part


def _flat(part: Part) -> tuple[list[str], list[str]]:
    """User and product of every event."""
    rows = zip(part.users, part.histories, strict=True)
    events = [(user, product) for user, history in rows for product in history]
    return [user for user, _ in events], [product for _, product in events]


def _histories(
    part: Part, rows: Sequence[int], num_rows: int, product_row: dict[str, int], kind: int
) -> Histories:
    """The part's histories as rows of tensors, in the order they stand in."""
    lengths = [len(history) for history in part.histories]
    row: IntArray = np.repeat(np.asarray(rows, np.int64), lengths)
    keys = (product for history in part.histories for product in history)
    product = np.fromiter((product_row[key] for key in keys), np.int64, len(row))
    return Histories.from_events(
        row,
        product,
        np.full(len(row), kind, np.int64),
        np.full(len(row), NO_TIME, np.int64),
        np.arange(len(row), dtype=np.int64),
        num_rows,
        len(product_row),
    )
