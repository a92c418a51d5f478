"""Forgotten users' ids out of what a folder keeps beside its graph."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from gnn.runs import IDS
from ingestion.blocks import REJECT_COLUMNS
from ingestion.leaving import blanked
from kg.local.archive import REPLACED
from kg.tombstones import Tombstones
from shopgraph.workspace import Workspace


def scrub(workspace: Workspace, tombstones: Tombstones) -> list[str]:
    """Blank the ids of forgotten users in runs, rejects and reports; safe to repeat.

    A run keeps its rows: a row without a user is recommended nothing.

    Returns:
        The files that held any.
    """
    if not tombstones.keys:
        return []
    changed = []
    for path in sorted(workspace.runs.glob(f"*/{IDS}")):
        ids = json.loads(path.read_text(encoding="utf-8"))
        gone = tombstones.holds("users", pd.Series(ids["users"], dtype=object))
        if gone.any():
            ids["users"] = [
                "" if out else user for user, out in zip(ids["users"], gone, strict=True)
            ]
            _replace(path, json.dumps(ids))
            changed.append(str(path))
    for path in sorted(workspace.rejects.glob("*.csv")):
        rows = list(_rows(path))
        kept = [[*row[:-1], blanked(tombstones, row[-1])] for row in rows]
        if kept != rows:
            _write_rejects(path, kept)
            changed.append(str(path))
    for path in sorted((workspace.home / "loads").glob("*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        kept_of_it = _without(tombstones, told)
        if kept_of_it != told:
            _replace(path, json.dumps(kept_of_it, ensure_ascii=False))
            changed.append(str(path))
    # What a load of a dump replaced is a whole store, in which nothing can be blanked.
    if (former := workspace.home / REPLACED).exists():
        shutil.rmtree(former)
        changed.append(str(former))
    return changed


def _without(tombstones: Tombstones, value: Any) -> Any:
    """A JSON value whose texts that name a forgotten user are empty, such as rejected rows."""
    if isinstance(value, str):
        return blanked(tombstones, value)
    if isinstance(value, list):
        return [_without(tombstones, item) for item in value]
    if isinstance(value, dict):
        return {name: _without(tombstones, item) for name, item in value.items()}
    return value


def _rows(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader, None)
        yield from reader


def _write_rejects(path: Path, rows: list[list[str]]) -> None:
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(REJECT_COLUMNS)
        csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    partial.replace(path)


def _replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
