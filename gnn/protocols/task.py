"""A question with its answers, and the pair of questions that every protocol makes of events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from gnn.histories import Histories, IntArray
from kg.records import KINDS, NO_TIME

PURCHASE = KINDS.index("purchase")
RETURN = KINDS.index("return")


@dataclass(frozen=True)
class Task:
    """What may be fitted on, what is asked, and the right answers.

    Shapes:
        train: rows are users, all kinds of behaviour; some rows may be empty
        queries: what is known of each asked row when it is asked, all kinds
        query_user: (queries,) int64, the row of ``train`` that each query is, or None
        now: (queries,) int64, milliseconds when each is asked, or None where times are unknown
        targets, masked: (queries, products) float32 of ones
        candidates: (products,) bool, what may be recommended
    """

    train: Histories
    queries: Histories
    query_user: IntArray | None
    now: IntArray | None
    targets: sp.csr_array
    masked: sp.csr_array
    candidates: npt.NDArray[np.bool_]

    def __post_init__(self) -> None:
        shape = (len(self.queries), self.train.num_products)
        if self.targets.shape != shape or self.masked.shape != shape:
            raise ValueError(
                f"targets {self.targets.shape} and masked {self.masked.shape} must be {shape}"
            )
        if self.candidates.shape != (shape[1],):
            raise ValueError(f"candidates {self.candidates.shape} must be {(shape[1],)}")
        for name, values in (("query_user", self.query_user), ("now", self.now)):
            if values is not None and values.shape != (shape[0],):
                raise ValueError(f"{name} {values.shape} must be {(shape[0],)}")

    @property
    def latest(self) -> int:
        """The latest moment of asking in milliseconds, ``NO_TIME`` where times are unknown."""
        return NO_TIME if self.now is None or not len(self.now) else int(np.max(self.now))

    def take(self, rows: IntArray) -> Task:
        """The same question asked of the given rows only."""
        return Task(
            train=self.train,
            queries=self.queries.take(rows),
            query_user=None if self.query_user is None else self.query_user[rows],
            now=None if self.now is None else self.now[rows],
            targets=self.targets[rows],
            masked=self.masked[rows],
            candidates=self.candidates,
        )


@dataclass(frozen=True)
class Split:
    """The question settings are chosen on and the one looked at once; ``counts`` describe both.

    ``ordered`` says whether the order of a row's events means something.
    """

    protocol: str
    valid: Task
    test: Task
    counts: dict[str, int]
    ordered: bool = True


def make_split(protocol: str, valid: Task, test: Task, ordered: bool = True) -> Split:
    """Join two tasks, counting what they hold.

    Raises:
        ValueError: nothing is asked in one of them.
    """
    for name, task in (("validation", valid), ("test", test)):
        if task.targets.nnz == 0:
            raise ValueError(f"{protocol}: no user has anything to predict in the {name} task")
    return Split(protocol, valid, test, _counts(valid, test), ordered)


def single_targets(product: IntArray, num_products: int) -> sp.csr_array:
    """One target a row."""
    rows = len(product)
    return sp.csr_array(
        (np.ones(rows, np.float32), product.copy(), np.arange(rows + 1)),
        shape=(rows, num_products),
    )


def targets_of(pairs: IntArray, rows: int, num_products: int) -> sp.csr_array:
    """Pairs, each ``row · num_products + product``, as rows of ones."""
    at = (pairs // num_products, pairs % num_products)
    return sp.csr_array((np.ones(len(pairs), np.float32), at), shape=(rows, num_products))


def _counts(valid: Task, test: Task) -> dict[str, int]:
    return {
        "train_users": int(np.count_nonzero(test.train.lengths)),
        "train_interactions": test.train.num_events,
        "candidates": int(np.count_nonzero(test.candidates)),
        "valid_rows": int(np.count_nonzero(np.diff(valid.targets.indptr))),
        "valid_targets": int(valid.targets.nnz),
        "test_rows": int(np.count_nonzero(np.diff(test.targets.indptr))),
        "test_targets": int(test.targets.nnz),
    }
