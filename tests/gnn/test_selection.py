from dataclasses import dataclass

import numpy as np
import pytest

from gnn.baselines import ease, item_knn, popularity
from gnn.baselines.popularity import StaticRecommender
from gnn.protocols import files, leave_one_out, random
from gnn.recommender import Context
from gnn.selection import (
    choose,
    distinct_settings,
    find_baselines,
    peak_memory_mb,
    reset_peak_memory,
    sample_rows,
    validation_metric,
)


@dataclass(frozen=True)
class Favourite:
    """Settings of a baseline that puts one product first."""

    product: int


class Favourites:
    """A baseline that says how often it was fitted, and on how many events."""

    def __init__(self, *products: int) -> None:
        self.GRID = [Favourite(product) for product in products]
        self.fitted: list[tuple[int, int]] = []

    def fit(self, train, settings, context) -> StaticRecommender:
        self.fitted.append((settings.product, train.num_events))
        scores = np.arange(train.num_products, 0, -1, dtype=np.float32)
        scores[settings.product] = 100
        return StaticRecommender(scores)


def test_the_best_on_validation_is_chosen_and_refitted(histories) -> None:
    train = histories([[0, 1], [0, 1], [0, 1]], 4)
    split = files.split_pairs(train, histories([[2], [2], [3]], 4))
    held = int(split.valid.targets.sum(axis=0).argmax())
    baseline = Favourites(3, held, 2)
    choice = choose("favourites", baseline, split, Context())
    assert choice.settings == Favourite(held)
    assert baseline.fitted == [(3, 3), (held, 3), (2, 3), (held, 6)]
    assert [trial.settings for trial in choice.trials] == [
        {"product": 3},
        {"product": held},
        {"product": 2},
    ]
    assert choice.trials[1].metrics[choice.metric] > choice.trials[0].metrics[choice.metric]
    assert choice.recommender.score(split.test.queries, None)[0].argmax() == held
    assert choice.seconds > 0
    assert choice.peak_mb > 10


def test_what_both_tasks_fit_on_is_not_fitted_twice(histories) -> None:
    split = leave_one_out.split(histories([[0, 1, 2], [1, 2, 0]], 3))
    baseline = Favourites(1)
    choose("favourites", baseline, split, Context())
    assert baseline.fitted == [(1, 2)]


def test_the_earlier_of_equal_settings_is_chosen(histories) -> None:
    split = leave_one_out.split(histories([[0, 1, 2], [1, 2, 0]], 6))
    assert choose("favourites", Favourites(5, 4), split, Context()).settings == Favourite(5)


def test_a_baseline_without_settings_is_refused(histories) -> None:
    split = leave_one_out.split(histories([[0, 1, 2]], 3))
    with pytest.raises(ValueError, match="no settings"):
        choose("favourites", Favourites(), split, Context())


def test_single_targets_are_judged_by_ten_and_many_by_twenty(histories) -> None:
    one = leave_one_out.split(histories([[0, 1, 2]], 3))
    many = random.split(histories([list(range(20))], 20))
    assert validation_metric(one.valid) == "ndcg@10"
    assert validation_metric(many.valid) == "ndcg@20"


def test_kinds_are_tried_only_where_there_are_several(histories) -> None:
    one, two = histories([[0, 1]], 2), histories([[0, (1, "view")]], 2)
    for baseline in (item_knn, ease, popularity):
        alone = distinct_settings(baseline, one, Context())
        assert {settings.kinds for settings in alone} == {"target"}
        assert 3 * len(alone) == len(distinct_settings(baseline, two, Context()))


def test_every_baseline_is_found_under_its_public_name() -> None:
    assert list(find_baselines()) == [
        "content-knn",
        "ease",
        "gf-cf",
        "item-knn",
        "popularity",
        "recent-popularity",
        "transition-knn",
    ]


def test_sampled_rows_have_targets_and_are_the_same_each_time(histories) -> None:
    task = random.split(histories([[0, 1, 2] for _ in range(50)], 3)).valid
    few = sample_rows(task, 10, seed=4)
    assert few.targets.nnz == len(few.queries) == 10
    assert few.query_user is not None
    again = sample_rows(task, 10, seed=4).query_user
    assert again is not None
    assert few.query_user.tolist() == again.tolist()
    assert sample_rows(task, 1000, seed=4) is task


def test_the_peak_of_memory_is_measured_anew() -> None:
    reset_peak_memory()
    before = peak_memory_mb()
    block = np.ones(30_000_000)
    assert peak_memory_mb() > before + 200
    del block
    reset_peak_memory()
    assert peak_memory_mb() < before + 200
