from __future__ import annotations

import numpy as np
import pytest

from gnn.audiences import PREFERRED, PRIOR_USERS, preferences
from gnn.behaviour import decayed_counts
from gnn.histories import Histories
from kg.records import KINDS, NO_TIME

DAY_MS = 86_400_000
VIEW, PURCHASE = KINDS.index("view"), KINDS.index("purchase")


def histories(*rows: list[tuple[int, int]], products: int = 4) -> Histories:
    """Rows of (product, kind) without times."""
    events = [event for row in rows for event in row]
    return Histories(
        np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64),
        np.array([product for product, _ in events], np.int64),
        np.array([kind for _, kind in events], np.int64),
        np.full(len(events), NO_TIME),
        products,
    )


def test_a_group_prefers_what_its_users_had_pulled_towards_what_all_had() -> None:
    shop = histories(
        [(0, PURCHASE), (0, PURCHASE), (1, PURCHASE)],
        [(0, PURCHASE), (2, VIEW)],
        [(1, PURCHASE)],
        [(3, VIEW)],
    )
    groups = {"city=Rome": np.array([0, 1, 3]), "city=Oslo": np.array([2])}
    found = {key: (p.tolist(), s.tolist()) for key, p, s in preferences(shop, PURCHASE, groups)}
    # Three users bought anything: products 0 and 1 are two thirds' each. The fourth user of Rome
    # bought nothing and does not count.
    m, all_ = PRIOR_USERS, 2 / 3
    assert found["city=Rome"][0] == [0, 1]
    assert found["city=Rome"][1] == pytest.approx(
        [(2 + m * all_) / (2 + m), (1 + m * all_) / (2 + m)]
    )
    assert found["city=Oslo"][0] == [1, 0]
    assert found["city=Oslo"][1] == pytest.approx([(1 + m * all_) / (1 + m), m * all_ / (1 + m)])


def test_a_group_keeps_its_dearest_products_alone() -> None:
    many = PREFERRED + 10
    shop = histories([(product, PURCHASE) for product in range(many)], products=many)
    ((_, products, _),) = preferences(shop, PURCHASE, {"a=b": np.array([0])})
    assert products.tolist() == list(range(PREFERRED))


def test_counts_halve_with_every_half_life_before_the_newest_event() -> None:
    shop = histories([(0, PURCHASE), (1, PURCHASE), (1, VIEW)])
    shop = Histories(
        shop.indptr, shop.product, shop.kind, np.array([0, 7 * DAY_MS, 14 * DAY_MS]), 4
    )
    counts = decayed_counts(shop, 7.0, "graded", PURCHASE)
    assert counts.tolist() == pytest.approx([0.25, 0.5 + 0.3, 0, 0])


def test_without_times_nothing_decays() -> None:
    shop = histories([(0, PURCHASE), (0, VIEW), (1, VIEW)])
    assert decayed_counts(shop, 7.0, "graded", PURCHASE).tolist() == pytest.approx([1.3, 0.3, 0, 0])
