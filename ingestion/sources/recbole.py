"""RecBole's atomic files: .inter, .item, .user, .kg with .link, and .net.

=========  ===================================================================================
.inter     events: ``rate`` where the file has ``rating``; where it has ``label``, a ``click``
           (1) or a mere ``view`` (0); else the contract's ``purchase``. ``timestamp`` is seconds
           since 1970. A ``review`` stands beside its event, as words.
.item      products: titles, descriptions, brands, categories, prices and images by their usual
           names; other tokens are attributes ``name=value``, floats are properties
.user      users with their properties
.kg        what joins two products is a relation; what joins a product to another entity is an
           attribute ``relation=entity`` of it, whichever end the product is; what joins no
           product is refused as not-about-an-item
.link      which entity of .kg each product is; read with .kg, and like the triples that become
           attributes not counted among the rows
.net       who follows whom
=========  ===================================================================================

Sequences are parted by spaces as RecBole has them, or by commas where the column's cells hold
such. A float that is none refuses its row as bad-float.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from ingestion.atomic_file import (
    Field,
    floats_of,
    read_atomic,
    read_fields,
    tokens_of,
)
from ingestion.blocks import BLOCK_ROWS, Block, Spelling
from ingestion.entities import Entities, read_entities, read_links, read_relations
from ingestion.errors import SourceError
from ingestion.spelling import UNDECLARED, Declared
from ingestion.values import trim

log = logging.getLogger(__name__)

KINDS_OF_FILE: Final = (".item", ".user", ".kg", ".link", ".net", ".inter")

#: What the columns of ``.item`` are usually called.
ITEM_NAMES: Final = {
    "item_id": "product_id",
    **dict.fromkeys(("title", "movie_title", "item_name", "name", "product_name"), "title"),
    **dict.fromkeys(("description", "item_description"), "description"),
    **dict.fromkeys(("brand", "brand_name"), "brand"),
    **dict.fromkeys(("category", "categories", "genre", "genres", "class"), "category"),
    "price": "price",
    **dict.fromkeys(("image", "imurl", "image_url", "img_url"), "image"),
}

EPOCH: Final = Spelling(dates="epoch", why="the format's way: seconds since 1970")


def detect(path: Path) -> bool:
    """Whether a file, or any file of a folder, is an atomic file with typed columns."""
    try:
        return any(_is_atomic(file) for file in _candidates(path))
    except OSError:
        return False


def read(
    path: Path,
    block_rows: int = BLOCK_ROWS,
    until: datetime | None = None,
    declared: Declared = UNDECLARED,
) -> Generator[Block, None, None]:
    """Products, users, relations and follows, then events.

    Raises:
        SourceError: no atomic file is there, one is there twice, lacks its ids, or cannot be read.
    """
    files = _files(path)
    kg = files.get(".kg")
    if (kg is None) != (".link" not in files):
        lonely = kg or files[".link"]
        raise SourceError(f"{lonely}: .kg and .link are read together; the other one is missing")
    links = read_links(files.get(".link"), block_rows)
    entities = read_entities(kg, links, block_rows)
    if ".item" in files:
        yield from _items(files[".item"], entities, block_rows)
    if kg is not None:
        yield from _described_alone(kg, entities, block_rows)
        for frame, rejects in read_relations(kg, links, block_rows):
            yield Block("relations", frame, kg, rejects)
    if ".user" in files:
        yield from _users(files[".user"], block_rows)
    if ".net" in files:
        yield from _net(files[".net"], block_rows)
    if ".inter" in files:
        yield from _events(files[".inter"], block_rows)


def _items(file: Path, entities: Entities, block_rows: int) -> Iterator[Block]:
    fields = _fields(file, "item_id")
    commas = _commas(file, fields)
    for frame, rejects in read_atomic(file, fields, block_rows):
        columns: dict[str, Any] = {}
        attributes = entities.attributes_of(trim(frame["item_id"]))
        categories: list[list[str]] = [[] for _ in range(len(frame))]
        for field in fields:
            text = frame[field.name]
            name = ITEM_NAMES.get(field.name)
            if name == "category":
                values = _tokens(text, field, commas)
                categories = [a + b for a, b in zip(categories, values, strict=True)]
            elif name is not None and name not in columns:
                columns[name] = text
            elif field.type.startswith("float"):
                columns[field.name] = _property(text, field)
            else:
                values = _tokens(text, field, commas)
                attributes = [
                    keys + [f"{field.name}={token}" for token in tokens]
                    for keys, tokens in zip(attributes, values, strict=True)
                ]
        columns["category"] = _lists(categories, frame)
        columns["attributes"] = _lists(attributes, frame)
        yield Block("products", pd.DataFrame(columns, index=frame.index), file, rejects)


def _tokens(text: pd.Series, field: Field, commas: dict[str, bool]) -> list[list[str]]:
    if field.type == "token_seq":
        return tokens_of(text, commas[field.name])
    return [[cell] if cell else [] for cell in text.str.strip()]


def _described_alone(kg: Path, entities: Entities, block_rows: int) -> Iterator[Block]:
    """Products of which the graph of entities alone says something."""
    left = pd.Series(entities.left(), dtype="str")
    for start in range(0, len(left), block_rows):
        ids = left[start : start + block_rows]
        columns = {"product_id": ids, "attributes": _lists(entities.attributes_of(ids), ids)}
        frame = pd.DataFrame(columns).set_axis(ids.index + 1)
        yield Block("products", frame, kg, derived=True)


def _users(file: Path, block_rows: int) -> Iterator[Block]:
    fields = _fields(file, "user_id")
    for frame, rejects in read_atomic(file, fields, block_rows):
        columns = {field.name: _property(frame[field.name], field) for field in fields}
        yield Block("users", pd.DataFrame(columns, index=frame.index), file, rejects)


def _net(file: Path, block_rows: int) -> Iterator[Block]:
    fields = read_fields(file)
    if len(fields) < 2:
        raise SourceError(f"{file}: two columns are expected, who follows whom")
    names = {fields[0].name: "user_id", fields[1].name: "follows_id"}
    for frame, rejects in read_atomic(file, fields, block_rows):
        yield Block("follows", frame.rename(columns=names), file, rejects)


def _events(file: Path, block_rows: int) -> Iterator[Block]:
    fields = _fields(file, "user_id", "item_id")
    names = {"user_id": "user_id", "item_id": "product_id", "timestamp": "occurred_at"}
    spelling = {"occurred_at": EPOCH}
    for frame, rejects in read_atomic(file, fields, block_rows):
        columns = {
            names.get(field.name, field.name): frame[field.name]
            if field.name in (*names, "rating")
            else _property(frame[field.name], field)
            for field in fields
            if field.name != "review"
        }
        columns["kind"] = _kinds(frame)
        events = pd.DataFrame(columns, index=frame.index)
        yield Block("interactions", events, file, rejects, spelling=spelling)
        if "review" in frame:
            words = frame[trim(frame["review"]).notna().to_numpy(bool)].rename(columns=names)
            kept = ["user_id", "product_id", "rating", "occurred_at", "review"]
            words = words[[name for name in kept if name in words]].rename(
                columns={"review": "text"}
            )
            if len(words):
                yield Block("reviews", words, file, derived=True, spelling=spelling)


def _kinds(frame: pd.DataFrame) -> pd.Series:
    if "rating" in frame:
        kinds = np.full(len(frame), "rate")
    elif "label" in frame:
        kinds = np.where(floats_of(frame["label"]) > 0, "click", "view")
    else:
        kinds = np.full(len(frame), "purchase")
    return pd.Series(kinds, index=frame.index, dtype="str")


def _property(text: pd.Series, field: Field) -> Any:
    """A column as a property: a number, a list of tokens, or its text, as of a ``float_seq``."""
    if field.type == "float":
        return floats_of(text)
    return _lists(tokens_of(text), text) if field.type == "token_seq" else text


def _lists(values: list[Any], like: pd.DataFrame | pd.Series) -> pd.Series:
    return pd.Series(values, index=like.index, dtype=object)


def _commas(file: Path, fields: list[Field]) -> dict[str, bool]:
    """Which sequences are parted by commas, as the file's first rows say."""
    names = [field.name for field in fields if field.type == "token_seq"]
    frame, _ = next(read_atomic(file, fields))
    return {name: bool(frame[name].str.contains(", ", regex=False).any()) for name in names}


def _fields(file: Path, *needed: str) -> list[Field]:
    fields = read_fields(file)
    if missing := [name for name in needed if name not in {field.name for field in fields}]:
        told = ", ".join(repr(field.header) for field in fields)
        raise SourceError(f"{file}: no column {missing[0]}; there are {told}")
    return fields


def _files(path: Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    try:
        for file in _candidates(path):
            kind = _kind(file)
            if kind is None:
                log.info("%s: not an atomic file; left aside", file)
            elif kind in files:
                raise SourceError(f"{path}: {files[kind].name} and {file.name} are of one kind")
            else:
                files[kind] = file
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
    if not files:
        raise SourceError(f"{path}: no atomic file here: {', '.join(KINDS_OF_FILE)}")
    return files


def _candidates(path: Path) -> list[Path]:
    """The file itself, or a folder's files in order of names."""
    return sorted(file for file in path.iterdir() if file.is_file()) if path.is_dir() else [path]


def _kind(file: Path) -> str | None:
    name = file.name.lower().removesuffix(".gz")
    return next((kind for kind in KINDS_OF_FILE if name.endswith(kind)), None)


def _is_atomic(file: Path) -> bool:
    if _kind(file) is None:
        return False
    try:
        return bool(read_fields(file))
    except SourceError:
        return False
