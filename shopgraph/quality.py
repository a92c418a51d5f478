"""The quality report of a load: kept in the workspace, and shown as a page where asked for."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ingestion.errors import SourceError
from ingestion.report.store import compared, find_last, keep

if TYPE_CHECKING:
    from ingestion.load import LoadReport
    from ingestion.report.quality import Quality

log = logging.getLogger(__name__)


def check_page(path: Path | None) -> None:
    """Refuse a place where no file can be written, before a load and not after it.

    Raises:
        typer.BadParameter: naming it.
    """
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise typer.BadParameter(f"{path}: no file can be written there")


def tell_quality(
    folder: Path,
    report: LoadReport,
    quality: Quality,
    *,
    source: Path,
    fmt: str,
    until: datetime | None,
    now: datetime,
    page: Path | None = None,
) -> dict[str, Any]:
    """Keep a load's report in ``folder`` and write it to ``page``: as JSON by its name, else HTML.

    Raises:
        OSError: the page cannot be written.
    """
    before = find_last(folder, fmt)
    facts = {
        "source": source.resolve().name,
        "format": fmt,
        "at": now.isoformat(),
        "until": None if until is None else until.isoformat(),
        **asdict(report),
        "rejects_file": None if report.rejects_file is None else str(report.rejects_file),
        "quality": quality.told(),
    }
    load = compared(facts, before)
    try:
        keep(folder, load, now)
    except SourceError as error:
        # The load itself is done and whole; the next one is compared with an older one.
        log.warning("%s", error)
    if page is not None and page.suffix.lower() == ".json":
        page.write_text(json.dumps(load, ensure_ascii=False, indent=2), encoding="utf-8")
    elif page is not None:
        from ingestion.report.page import render

        page.write_text(render(load, before), encoding="utf-8")
    return load
