import math

import numpy as np
import pytest
import scipy.sparse as sp

from gnn.exposure import (
    by_history_length,
    by_product_decile,
    coverage,
    diversity,
    novelty,
    popularity_shown,
    unit_features,
)
from gnn.metrics import MISSED, Ranks


def shown(*rows: list[int]) -> np.ndarray:
    return np.array(rows, np.int64)


def test_coverage_counts_what_anyone_is_shown() -> None:
    assert coverage(shown([0, 1], [1, -1]), np.array([True, True, True, False])) == 2 / 3


def test_novelty_is_the_surprise_of_what_is_shown(histories) -> None:
    train = histories([[0, 1, 0], [0], [0], []], 3)
    # Of three users all had 0, one had 1, none 2: shares (had + 1) / 4 are 1, 1/2 and 1/4.
    assert novelty(shown([0], [1], [2]), train) == pytest.approx((0 + 1 + 2) / 3)
    assert novelty(shown([1, 2], [0, -1]), train) == pytest.approx(((1 + 2) / 2 + 0) / 2)


def test_rows_that_show_nothing_are_left_out(histories) -> None:
    train = histories([[0], [1]], 2)
    assert novelty(shown([-1], [0]), train) == pytest.approx(-math.log2(2 / 3))
    assert novelty(shown([-1]), train) == 0
    assert diversity(shown([-1, -1], [0, -1]), np.eye(2, dtype=np.float32)) == 0


def test_popularity_shown_is_one_for_the_most_popular_and_half_by_chance(histories) -> None:
    train = histories([[0, 1], [0, 1], [0], [3]], 4)
    assert popularity_shown(shown([0]), train) == 1
    assert popularity_shown(shown([2]), train) == 0
    assert popularity_shown(shown([0], [1], [2], [3]), train) == pytest.approx(0.5)
    # Equals stand in the middle of one another.
    same = histories([[0, 1]], 2)
    assert popularity_shown(shown([1]), same) == 0.5


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array])
def test_diversity_is_one_less_the_mean_cosine_of_the_pairs(form) -> None:
    half = math.sqrt(0.5)
    features = form(np.array([[1, 0], [0, 1], [half, half], [0, 0]], np.float32))
    # Pairs: 0-1 have 0, 0-2 and 1-2 have the root of one half; 3 is like nothing.
    assert diversity(shown([0, 1, 2]), features) == pytest.approx(1 - 2 * half / 3)
    assert diversity(shown([0, 2, -1], [0, 3, -1]), features) == pytest.approx((1 - half + 1) / 2)
    assert diversity(shown([0, -1, -1], [1, 0, -1]), features) == pytest.approx(1)


def test_products_are_compared_by_text_or_else_by_who_had_them(histories) -> None:
    train = histories([[0, 1], [0]], 3)
    by_text = unit_features(np.array([[3, 4], [0, 0], [0, 2]], np.float32), train)
    assert by_text == pytest.approx(np.array([[0.6, 0.8], [0, 0], [0, 1]]))
    by_users = unit_features(None, train)
    half = math.sqrt(0.5)
    assert by_users.toarray() == pytest.approx(np.array([[half, half], [1, 0], [0, 0]]))


def test_each_tenth_of_the_products_gets_its_share_and_its_recall(histories) -> None:
    # Twenty products, two a decile: product p was had by 20 - p users.
    train = histories([list(range(n)) for n in range(20, 0, -1)], 20)
    ranks = Ranks(np.array([0, 2, 3]), np.array([1.0, 3.0, MISSED]))
    rows = by_product_decile(shown([0, 2], [0, 19]), ranks, np.array([0, 2, 3]), train, k=2)
    assert [row["share"] for row in rows] == [0.5, 0.25, 0, 0, 0, 0, 0, 0, 0, 0.25]
    assert [row["targets"] for row in rows[:3]] == [1, 2, 0]
    assert [row["recall"] for row in rows[:3]] == [1, 0, 0]


def test_users_are_grouped_by_how_much_is_known_of_them() -> None:
    lengths = np.array([1, 2, 3, 4, 5, 6, 7, 8])
    groups = by_history_length(lengths, {"recall@20": np.arange(8.0)})
    assert [(g["least"], g["most"], g["users"]) for g in groups] == [
        (1, 2, 2),
        (3, 4, 2),
        (5, 6, 2),
        (7, 8, 2),
    ]
    assert [g["recall@20"] for g in groups] == [0.5, 2.5, 4.5, 6.5]


def test_users_alike_make_one_group() -> None:
    groups = by_history_length(np.array([3, 3]), {"mrr": np.array([0.0, 1.0])})
    assert groups == [{"least": 3, "most": 3, "users": 2, "mrr": 0.5}]
