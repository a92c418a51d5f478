"""The moment up to which the graph is read or loaded."""

from __future__ import annotations

from datetime import datetime


def check_zone(until: datetime | None) -> None:
    """Refuse a moment that says nothing of its zone.

    Raises:
        ValueError: it has none.
    """
    if until is not None and until.tzinfo is None:
        raise ValueError(f"until needs a zone (got {until.isoformat()})")
