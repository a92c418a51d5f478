from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import scipy.sparse as sp

from gnn.histories import Histories, IntArray
from gnn.protocols.task import Task
from gnn.recommender import Context, FloatArray
from kg.records import KINDS, NO_TIME
from shopgraph.gate import (
    Check,
    GateSettings,
    Measured,
    all_finite,
    check_cutoff,
    check_model,
    check_sizes,
)

USERS, PRODUCTS = 40, 30
PURCHASE = KINDS.index("purchase")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def task() -> Task:
    """Everybody had product 0 and one of their own; each is to find another, the next one."""
    own = 1 + np.arange(USERS) % 8
    histories = Histories(
        np.arange(0, 2 * USERS + 1, 2),
        np.stack([np.zeros(USERS, np.int64), own], axis=1).ravel(),
        np.full(2 * USERS, PURCHASE),
        np.full(2 * USERS, NO_TIME),
        PRODUCTS,
    )
    shape = (USERS, PRODUCTS)
    targets = sp.csr_array((np.ones(USERS, np.float32), (np.arange(USERS), own + 1)), shape=shape)
    return Task(
        train=histories,
        queries=histories,
        query_user=np.arange(USERS),
        now=None,
        targets=targets,
        masked=histories.matrix(),
        candidates=np.ones(PRODUCTS, np.bool_),
    )


@dataclass(frozen=True)
class Knows:
    """Finds the answers of the first ``share`` of whom are asked, at rank one, and no others."""

    task: Task
    share: float
    broken: bool = False
    narrow: bool = False

    def score(self, queries: Histories, now: IntArray | None) -> FloatArray:
        answers = self.task.targets.toarray()
        known = np.arange(len(answers)) < self.share * len(answers)
        scores = np.where(known[:, None], answers, -answers).astype(np.float32)
        rest = -np.arange(PRODUCTS, dtype=np.float32) / 1e3
        others = np.tile(rest, (len(answers), 1))
        if not self.narrow:
            # A list of one's own.
            others = np.stack([np.roll(rest, row) for row in range(len(answers))])
        scores += others
        if self.broken:
            scores[3, 5] = np.nan
        return scores


def judge(task: Task, new: Knows, live: Knows | None = None) -> Measured | None:
    context = Context(text_vectors=None, attributes=None, target_kind=PURCHASE)
    return check_model(new, task, context, live, GateSettings(baselines=("popularity",)))


def failed(checks: list[Check]) -> list[str]:
    return [check.name for check in checks if not check.passed]


def test_who_finds_everything_passes_and_who_finds_nothing_is_told_by_how_much(task: Task) -> None:
    best = judge(task, Knows(task, 1.0))
    assert best is not None
    assert failed(best.checks) == []
    assert best.candidate.metrics["ndcg@10"] == 1.0
    worst = judge(task, Knows(task, 0.0))
    assert worst is not None
    assert failed(worst.checks) == ["ndcg@10 against baselines"]
    (check,) = worst.checks
    assert check.says.startswith("ndcg@10 0.0000 of the new run, 0.")
    assert " of popularity: -0." in check.says
    assert check.says.endswith("over 40 users is not to lie below 0")
    assert check.value < check.limit == 0.0


def test_what_chance_may_explain_is_no_reason_to_refuse(task: Task) -> None:
    # One user of forty less: within what drawing other users would change. Half of them are not.
    close = judge(task, Knows(task, 0.975), Knows(task, 1.0))
    assert close is not None
    assert failed(close.checks) == []
    far = judge(task, Knows(task, 0.5), Knows(task, 1.0))
    assert far is not None
    assert failed(far.checks) == ["ndcg@10 against live"]
    assert "0.5000 of the new run, 1.0000 of the live one: -0.5000 (" in far.checks[1].says


def test_a_run_that_shows_everybody_the_same_is_refused(task: Task) -> None:
    found = judge(task, Knows(task, 0.0, narrow=True), Knows(task, 0.0))
    assert found is not None
    assert "coverage@10" in failed(found.checks)


def test_numbers_that_are_not_finite_are_no_measure(task: Task) -> None:
    assert judge(task, Knows(task, 1.0, broken=True)) is None
    assert all_finite(np.ones(3), np.zeros((2, 2)))
    assert not all_finite(np.ones(3), np.array([1.0, np.inf]))


def test_baselines_that_lack_what_they_need_are_passed_over(task: Task) -> None:
    settings = GateSettings(baselines=("content-knn",))
    context = Context(text_vectors=None, attributes=None, target_kind=PURCHASE)
    found = check_model(Knows(task, 0.0), task, context, None, settings)
    assert found is not None
    assert found.checks == []


def test_a_shop_must_not_be_empty_nor_shrink() -> None:
    settings = GateSettings(least_share=0.8)
    live = {"users": 100, "events": 1000}
    assert failed(check_sizes({"users": 80, "events": 1200}, live, settings)) == []
    (users, _) = check_sizes({"users": 79, "events": 1200}, live, settings)
    assert users.says == "79 users, the live run knew 100: at least 80 needed"
    assert not users.passed
    assert not users.vital
    (empty,) = check_sizes({"users": 0}, None, settings)
    assert (empty.passed, empty.vital) == (False, True)


def test_what_has_not_happened_yet_is_refused() -> None:
    assert failed(check_cutoff(NOON, NOON)) == []
    assert check_cutoff(None, NOON) == []
    (check,) = check_cutoff(NOON + timedelta(hours=2), NOON)
    assert not check.passed
    assert check.says == "the newest event is of 2026-01-01T14:00:00+00:00, 2.0 h in the future"
