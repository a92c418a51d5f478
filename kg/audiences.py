"""Users with the same profile as nodes, and what they prefer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from kg.connection import Graph
from kg.read import read_pages

IntArray = npt.NDArray[np.int64]

#: Fewer users make no audience: it would tell of single people.
LEAST_USERS = 20

#: Audiences written in one transaction.
BATCH_AUDIENCES = 200


def read_profile_groups(graph: Graph) -> dict[str, IntArray]:
    """The users who share a value of a profile column, by ``column=value``.

    Only columns of texts and truth values; groups of fewer than ``LEAST_USERS`` are left out, and
    so are names, times and whatever else is everybody's own.

    Shapes:
        each: (users,) int64 tensor rows, ascending
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for page in read_pages(graph.read("read/count_rows")[0]["users"]):
        for row in graph.read("read/profile_groups", **page):
            groups[row["key"]] += row["users"]
    return {
        key: np.array(sorted(users), np.int64)
        for key, users in sorted(groups.items())
        if len(users) >= LEAST_USERS
    }


def write_audiences(
    graph: Graph, preferences: Iterable[tuple[str, IntArray, npt.NDArray[np.float32]]]
) -> int:
    """Overwrite all audiences and what they prefer; a failure on the way leaves fewer of them.

    Returns:
        How many audiences there are now.
    """
    graph.write("write/delete_audiences")
    whole = list(preferences)
    for start in range(0, len(whole), BATCH_AUDIENCES):
        batch = whole[start : start + BATCH_AUDIENCES]
        graph.write(
            "write/write_audiences",
            key=[key for key, _, _ in batch],
            product=[products.tolist() for _, products, _ in batch],
            score=[scores.tolist() for _, _, scores in batch],
        )
    return len(whole)
