"""Which column of a file is which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ingestion.errors import SourceError


@dataclass(frozen=True)
class Header:
    """The columns that a kind of file may have, in their own spelling, and those it must have."""

    known: Sequence[str]
    required: Sequence[str]

    def match(self, names: Sequence[str], file: Path) -> list[str | None]:
        """What to call each column of a file: known ones as we spell them, others as they do.

        Names match after trimming and regardless of letter case. A column without a name, such as
        the row numbers that pandas writes, is None: nothing can refer to it.

        Raises:
            SourceError: a required column is missing, or a name is there twice.
        """
        spelling = {name.casefold(): name for name in self.known}
        trimmed = [name.strip() for name in names]
        matched = [spelling.get(name.casefold(), name) or None for name in trimmed]
        seen: set[str] = set()
        for name in filter(None, matched):
            if name.casefold() in seen:
                raise SourceError(f"{file}: column {name!r} is there twice")
            seen.add(name.casefold())
        if missing := [name for name in self.required if name not in matched]:
            plural = "columns" if len(missing) > 1 else "column"
            raise SourceError(
                f"{file}: no {plural} {', '.join(missing)}; there are {_shown(trimmed)}"
            )
        return matched


def _shown(names: Sequence[str], most: int = 20) -> str:
    """Names for a message of bounded length, what is not printable escaped."""
    texts = [repr(name[:50]) for name in names[:most]]
    return ", ".join(texts) + (f" and {len(names) - most} more" if len(names) > most else "")
