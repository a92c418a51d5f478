"""A graph of entities beside a catalogue: what its triples say of products."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from ingestion.atomic_file import read_atomic, read_fields
from ingestion.blocks import BLOCK_ROWS, Block, Rejects, join_rejects, refuse
from ingestion.errors import SourceError
from ingestion.values import trim


class Entities:
    """The attributes that triples give to products, in 8 bytes a triple."""

    def __init__(self) -> None:
        self._items: dict[str, int] = {}
        self._keys: dict[str, int] = {}
        self._pairs: list[npt.NDArray[np.int32]] = [np.empty((2, 0), np.int32)]

    def add(self, items: pd.Series, keys: pd.Series) -> None:
        """Note an attribute of an item a row."""
        rows = [_codes(self._items, items), _codes(self._keys, keys)]
        self._pairs.append(np.array(rows, dtype=np.int32))

    def finish(self) -> None:
        """Sort what was noted by item, and an item's attributes from A to Z."""
        self._names = sorted(self._keys)
        ranks = np.empty(len(self._keys), np.int32)
        ranks[[self._keys[name] for name in self._names]] = np.arange(len(self._keys))
        pairs = np.concatenate(self._pairs, axis=1)
        pairs[1] = ranks[pairs[1]]
        pairs = np.unique(pairs, axis=1)
        self._pairs = [pairs]
        self._starts = np.searchsorted(pairs[0], np.arange(len(self._items) + 1))
        self._told = np.zeros(len(self._items), dtype=bool)

    def attributes_of(self, items: pd.Series) -> list[list[str]]:
        """The attributes of each item, from A to Z."""
        lists: list[list[str]] = []
        for item in items:
            code = self._items.get(item)
            if code is None:
                lists.append([])
                continue
            self._told[code] = True
            keys = self._pairs[0][1, self._starts[code] : self._starts[code + 1]]
            lists.append([self._names[key] for key in keys])
        return lists

    def left(self) -> list[str]:
        """The items whose attributes nobody has asked for."""
        return [item for item, code in self._items.items() if not self._told[code]]


def read_entities(kg: Path | None, links: pd.DataFrame, block_rows: int = BLOCK_ROWS) -> Entities:
    """What the triples between a linked product and another entity say of it.

    Raises:
        SourceError: the file lacks a column, or cannot be read.
    """
    entities = Entities()
    if kg is not None:
        for frame, _ in read_atomic(kg, read_fields(kg), block_rows):
            triples = _joined(frame, links, kg)
            for item, other in (("head", "tail"), ("tail", "head")):
                alone = triples[triples[item].notna() & triples[other].isna()]
                alone = alone.dropna(subset=["relation_id", f"{other}_id"])
                entities.add(alone[item], alone["relation_id"] + "=" + alone[f"{other}_id"])
    entities.finish()
    return entities


def read_links(file: Path | None, block_rows: int = BLOCK_ROWS) -> pd.DataFrame:
    """Which entity each product is; what is no row of the file links nothing.

    Raises:
        SourceError: the file lacks a column, or cannot be read.
    """
    parts = [pd.DataFrame({"item_id": [], "entity_id": []}, dtype="str")]
    if file is not None:
        for frame, _ in read_atomic(file, read_fields(file), block_rows):
            _check(file, frame, "item_id", "entity_id")
            parts.append(frame[["item_id", "entity_id"]].apply(trim).dropna())
    return pd.concat(parts).drop_duplicates()


def read_relations(
    kg: Path, links: pd.DataFrame, block_rows: int = BLOCK_ROWS
) -> Iterator[tuple[pd.DataFrame, Rejects]]:
    """The triples between two products as rows of ``relations``, and those about no product."""
    for frame, rejects in read_atomic(kg, read_fields(kg), block_rows):
        triples = _joined(frame, links, kg)
        about = triples["head"].notna() | triples["tail"].notna()
        strangers = frame.index.isin(triples["line"][~about])
        reasons = ["not-about-an-item"] * int(strangers.sum())
        refused = refuse(Block("", frame, kg), strangers, reasons)
        related = triples[triples["head"].notna() & triples["tail"].notna()]
        columns = {
            "product_id": related["head"],
            "relation": related["relation_id"],
            "other_id": related["tail"],
        }
        relations = pd.DataFrame(columns).set_axis(pd.Index(related["line"], dtype="int64"))
        yield relations, join_rejects([rejects, refused])


def _joined(frame: pd.DataFrame, links: pd.DataFrame, file: Path) -> pd.DataFrame:
    """The triples with the product at either end, absent where an entity is none."""
    _check(file, frame, "head_id", "relation_id", "tail_id")
    triples = frame[["head_id", "relation_id", "tail_id"]].apply(trim)
    triples["line"] = frame.index
    for end in ("head", "tail"):
        joined = links.rename(columns={"entity_id": f"{end}_id", "item_id": end})
        triples = triples.merge(joined, how="left", on=f"{end}_id")
    return triples


def _check(file: Path, frame: pd.DataFrame, *names: str) -> None:
    if missing := [name for name in names if name not in frame]:
        told = ", ".join(repr(str(name)) for name in frame)
        raise SourceError(f"{file}: no column {missing[0]}; there are {told}")


def _codes(known: dict[str, int], texts: pd.Series) -> npt.NDArray[np.int64]:
    codes, distinct = pd.factorize(texts)
    own: Iterator[int] = (known.setdefault(text, len(known)) for text in distinct)
    return np.fromiter(own, dtype=np.int64, count=len(distinct))[codes]
