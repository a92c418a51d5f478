"""Which format a source has."""

from __future__ import annotations

import pkgutil
from collections.abc import Generator
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

import ingestion.sources
from ingestion.blocks import Block
from ingestion.errors import SourceError
from ingestion.spelling import Declared

AUTO = "auto"


class Source(Protocol):
    """A module of ``ingestion.sources``."""

    def detect(self, path: Path) -> bool:
        """Whether a file or folder that exists is of this format; never raises for its content."""

    def read(
        self,
        path: Path,
        block_rows: int = ...,
        until: datetime | None = None,
        declared: Declared = ...,
    ) -> Generator[Block, None, None]:
        """The tables, block by block, facts before events where the source tells both apart.

        ``until`` is for what a source derives from events, which later ones must not reach; the
        events themselves are dropped by the load. ``declared`` is for sources whose dates and
        numbers may be written in several ways; where the format says how, nothing is asked.

        Raises:
            SourceError: the source is none of this format, or damaged.
        """


def find_sources() -> dict[str, Source]:
    """Every format by the name that ``--format`` takes."""
    names = sorted(module.name for module in pkgutil.iter_modules(ingestion.sources.__path__))
    return {
        name.replace("_", "-"): cast("Source", import_module(f"ingestion.sources.{name}"))
        for name in names
    }


def format_of(source: Source) -> str:
    """The name that ``--format`` takes for a module."""
    return next(name for name, known in find_sources().items() if known is source)


def choose_source(path: Path, fmt: str = AUTO) -> Source:
    """The module that reads this path: the one named, or the only one that knows the format.

    Raises:
        SourceError: nothing is there, no format fits, or several do.
        ValueError: there is no format of that name.
    """
    sources = find_sources()
    formats = ", ".join(sources)
    if fmt != AUTO and fmt not in sources:
        raise ValueError(f"No format {fmt!r}: there are {AUTO}, {formats}")
    if not path.exists():
        raise SourceError(f"{path}: no such file or folder")
    if fmt != AUTO:
        return sources[fmt]
    fitting = [name for name, source in sources.items() if source.detect(path)]
    if len(fitting) == 1:
        return sources[fitting[0]]
    if fitting:
        raise SourceError(f"{path}: may be {' or '.join(fitting)}; say which with --format")
    raise SourceError(f"{path}: none of the formats known here ({formats})")
