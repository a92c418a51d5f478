"""Progress of long work: a bar on a terminal, plain lines elsewhere, always on stderr."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

from gnn.torchrun import is_helper

log = logging.getLogger(__name__)

#: Seconds between two plain lines.
LINE_SECONDS = 10.0


class _Lines(tqdm):  # type: ignore[type-arg]
    """tqdm's counting, told in log lines."""

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        log.info("%s", str(self))


@contextmanager
def progress(
    label: str, total: int | None = None, unit: str = "row"
) -> Iterator[Callable[..., None]]:
    """Count work: the yielded function takes what was just done, and the total once known."""
    if is_helper():
        yield lambda done, of=None: None
        return
    terminal = sys.stderr.isatty()
    bar: Any = None

    def advance(done: int, of: int | None = None) -> None:
        nonlocal bar
        if bar is None:
            # Made at the first step, so that work which turns out to be none shows nothing.
            kind: Any = tqdm if terminal else _Lines
            bar = kind(
                desc=label,
                total=of or total,
                unit=f" {unit}s",
                unit_scale=True,
                mininterval=0.1 if terminal else LINE_SECONDS,
                maxinterval=LINE_SECONDS,
                leave=terminal,
                file=sys.stderr,
            )
        bar.update(done)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.close()
