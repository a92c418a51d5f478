"""What a person types, as values; and rows of answers as text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from kg.constraints import CONSTRAINTS

if TYPE_CHECKING:
    from kg.queries import Query

Device = Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to compute.")]

SECONDS = {"s": 1, "m": 60, "h": 3600}


def moment(text: str | None) -> datetime | None:
    """An ISO 8601 time; without a zone it is UTC.

    Raises:
        typer.BadParameter: it is none.
    """
    if text is None:
        return None
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no ISO 8601 time, such as 2011-09-01") from None
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def time_zone(name: str) -> str:
    """The name of a zone of the IANA database.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise typer.BadParameter(f"{name!r} is no time zone, such as Europe/London") from None


def duration_seconds(text: str) -> float:
    """A duration such as ``90s``, ``10m`` or ``1.5h`` in seconds.

    Raises:
        typer.BadParameter: it is none.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh])", text.strip())
    if match is None or float(match[1]) <= 0:
        raise typer.BadParameter(f"{text!r} is no duration, such as 90s, 10m or 1h")
    return float(match[1]) * SECONDS[match[2]]


def key_values(pairs: list[str]) -> dict[str, str]:
    """``key=value`` words as a mapping.

    Raises:
        typer.BadParameter: a word has no ``=``, or a key comes twice.
    """
    given: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key or key in given:
            raise typer.BadParameter(f"{pair!r}: parameters are given once each, as key=value")
        given[key] = value
    return given


def render_rows(rows: list[dict[str, Any]]) -> str:
    """Rows as an aligned table; long cells are kept whole."""
    if not rows:
        return "nothing found"
    names = list(rows[0])
    cells = [[_cell(row[name]) for name in names] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    lines = [names, *cells]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def render_queries(queries: Iterable[Query]) -> str:
    """Shipped queries with their purpose and parameters; those in brackets may be left out."""
    lines = []
    for query in queries:
        params = [
            f"[{name} {kind}]" if name in query.defaults else f"{name} {kind}"
            for name, kind in query.params.items()
            if name != "constraints"
        ]
        lines += [query.name, f"  {query.purpose}", "  " + ", ".join(params)]
    lines += ["", "Those of recommend/, suggestions apart, also take:"]
    lines.append("  " + ", ".join(f"[{name} {kind}]" for name, kind in CONSTRAINTS.items()))
    return "\n".join(lines)
