"""Things that wait on disk until their turn comes."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import IO, Any


def put(file: IO[bytes], thing: Any) -> None:
    """Add to a file of this program's own."""
    pickle.dump(thing, file, pickle.HIGHEST_PROTOCOL)


def take_all(file: IO[bytes]) -> Iterator[Any]:
    """All that was put, in order, from the beginning."""
    file.seek(0)
    while True:
        try:
            yield pickle.load(file)
        except EOFError:
            return
