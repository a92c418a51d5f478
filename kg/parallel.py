"""Pages read or written over two sessions at once, handed over in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Page = TypeVar("Page")
Answer = TypeVar("Answer")

#: More were no faster on two cores, which server and client share.
SESSIONS = 2

#: Pages asked for ahead of the one that is being used: memory holds no more.
AHEAD = 4


def in_order(read: Callable[[Page], Answer], pages: Iterable[Page]) -> Iterator[Answer]:
    """What ``read`` makes of each page, in order; a few pages are always under way."""
    with ThreadPoolExecutor(SESSIONS) as pool:
        under_way: deque[Future[Answer]] = deque()
        try:
            for page in pages:
                under_way.append(pool.submit(read, page))
                if len(under_way) >= AHEAD:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        finally:
            for future in under_way:
                future.cancel()
