"""What is kept of every load: a JSON file beside the graph, with the change since the last one."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ingestion.errors import SourceError
from ingestion.report.drift import drift


def find_last(folder: Path, fmt: str) -> dict[str, Any] | None:
    """The last load of a format that is kept here; one that cannot be read counts as none."""
    for path in sorted(folder.glob("load-*.json"), reverse=True):
        try:
            load: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if load.get("format") == fmt:
            return load
    return None


def compared(load: Mapping[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """A load with what has changed since another."""
    if before is None:
        return {**load, "compared_with": None, "drift": []}
    name = f"{before['source']}, {before['at'][:10]}"
    return {
        **load,
        "compared_with": name,
        "drift": drift(load["quality"], before["quality"]),
    }


def keep(folder: Path, load: Mapping[str, Any], now: datetime) -> Path:
    """Write a load's file, named after its time.

    Raises:
        SourceError: it cannot be kept, as on a full disk.
    """
    path = folder / f"load-{now:%Y%m%dT%H%M%S%fZ}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_text(json.dumps(load, ensure_ascii=False), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise SourceError(
            f"{path}: the report cannot be kept: {os.strerror(error.errno or 0)}"
        ) from error
    return path
