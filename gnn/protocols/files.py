"""Published splits, in the two forms they come in."""

from __future__ import annotations

import numpy as np

from gnn.histories import Histories, IntArray
from gnn.protocols import random
from gnn.protocols.task import PURCHASE, Split, Task, make_split, single_targets


def split_pairs(
    train: Histories, test: Histories, target_kind: int = PURCHASE, seed: int = 0
) -> Split:
    """LightGCN's form: the same users in two files, their train products masked.

    Validation is a random fifth of each user's train products.

    Raises:
        ValueError: the two do not have the same users and products, or nothing is asked.
    """
    if len(train) != len(test) or train.num_products != test.num_products:
        raise ValueError(
            f"test has {len(test)} users and {test.num_products} products, "
            f"train {len(train)} and {train.num_products}"
        )
    asked = np.flatnonzero(test.lengths).astype(np.int64)
    queries = train.take(asked)
    task = Task(
        train=train,
        queries=queries,
        query_user=asked,
        now=None,
        targets=test.take(asked).matrix(),
        masked=queries.matrix(),
        candidates=np.ones(train.num_products, bool),
    )
    valid = random.hold_out(train, target_kind, np.random.default_rng(seed))
    return make_split("files", valid, task, ordered=False)


def split_windows(
    train: Histories,
    valid: Histories,
    valid_target: IntArray,
    test: Histories,
    test_target: IntArray,
) -> Split:
    """Rows of a history and its target, each answered from that history alone, nothing masked.

    The rows are sliding windows that hold one another's answers, so none is ever fitted on.
    """
    return make_split(
        "files", _window_task(train, valid, valid_target), _window_task(train, test, test_target)
    )


def _window_task(train: Histories, queries: Histories, target: IntArray) -> Task:
    if len(queries) != len(target):
        raise ValueError(f"{len(queries)} histories but {len(target)} targets")
    targets = single_targets(target, train.num_products)
    return Task(
        train=train,
        queries=queries,
        query_user=None,
        now=None,
        targets=targets,
        masked=queries.keep(np.zeros(queries.num_events, bool)).matrix(),
        candidates=np.ones(train.num_products, bool),
    )
