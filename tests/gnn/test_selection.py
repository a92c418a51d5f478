from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pytest

from gnn.baselines import ease, item_knn, popularity
from gnn.baselines.popularity import StaticRecommender
from gnn.protocols import files, leave_one_out, random
from gnn.protocols.task import Task
from gnn.recommender import Context
from gnn.selection import (
    axis_values,
    choose,
    find_baseline,
    find_baselines,
    peak_memory_mb,
    reset_peak_memory,
    sample_rows,
    trains,
    validation_metric,
)


class Favourites:
    """A baseline that puts one product first and says how often it was fitted, on what."""

    def __init__(self, *products: int) -> None:
        self.AXES = {"product": products}
        self.fitted: list[tuple[int, int]] = []

        @dataclass(frozen=True)
        class Settings:
            product: int = products[0]

        self.Settings = Settings

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
    assert choice.settings.product == held
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


@dataclass(frozen=True)
class TwoDials:
    """Right only where both dials stand at 2; each gets nearer to it by itself."""

    Settings: type
    tried: list[tuple[int, int]]
    AXES = MappingProxyType({"a": (1, 2), "b": (1, 2, 3)})

    def fit(self, train, settings, context) -> StaticRecommender:
        self.tried.append((settings.a, settings.b))
        target, far = 2, abs(settings.a - 2) + abs(settings.b - 2)
        scores = np.arange(train.num_products, dtype=np.float32)
        scores[target] = (100, 35.5, -100)[far]
        return StaticRecommender(scores)


def test_one_setting_after_another_is_varied_with_the_others_at_their_best(histories) -> None:
    @dataclass(frozen=True)
    class Settings:
        a: int = 1
        b: int = 1

    rows = [[0, 2, 1], [0, 2, 1]]
    dials = TwoDials(Settings, [])
    choice = choose("dials", dials, leave_one_out.split(histories(rows, 40)), Context())
    assert dials.tried == [(1, 1), (2, 1), (2, 2), (2, 3)]
    assert choice.settings == Settings(2, 2)


def test_when_the_time_is_spent_the_best_so_far_is_taken(histories) -> None:
    split = leave_one_out.split(histories([[0, 1, 2], [1, 2, 0]], 6))
    baseline = Favourites(5, 1, 2)
    choice = choose("favourites", baseline, split, Context(), budget_seconds=0.0)
    assert choice.settings.product == 5
    assert len(choice.trials) == 1


def test_where_nothing_is_masked_the_history_may_come_last(histories) -> None:
    train = histories([[0, 1, 2]], 6)
    queries = histories([[5], [5, 4]], 6)
    split = files.split_windows(train, queries, np.array([1, 1]), queries, np.array([1, 5]))
    # Favourite 5 stands first, and both were just there: the answer, 1, ranks higher without it.
    choice = choose("favourites", Favourites(5), split, Context())
    assert choice.new_first
    scores = choice.recommender.score(split.test.queries, None)
    assert np.argsort(-scores).tolist() == [[0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 5, 4]]
    # Where people do come back for what they had, it stays first.
    again = files.split_windows(train, queries, np.array([5, 5]), queries, np.array([5, 5]))
    assert not choose("favourites", Favourites(5), again, Context()).new_first


class Stopping(Favourites):
    """A baseline that says with what settings it would have stopped where it did."""

    def fit(self, train, settings, context):
        found = super().fit(train, settings, context)
        seen.append(context.held_out)
        return Stopped(found.product_scores, self.Settings(settings.product + 1))


@dataclass(frozen=True)
class Stopped(StaticRecommender):
    settings: object


seen: list[Task | None] = []


def test_a_model_that_stops_by_itself_sees_validation_rows_and_is_refitted_so(histories) -> None:
    seen.clear()
    split = files.split_pairs(histories([[0, 1], [0, 1]], 4), histories([[2], [2]], 4))
    baseline = Stopping(1)
    choice = choose("stopping", baseline, split, Context())
    assert [product for product, _ in baseline.fitted] == [1, 2]
    assert choice.settings.product == 2
    assert seen[0] is not None
    assert np.array_equal(seen[0].targets.toarray(), split.valid.targets.toarray())
    assert seen[-1] is None


def test_what_both_tasks_fit_on_is_not_fitted_twice(histories) -> None:
    split = leave_one_out.split(histories([[0, 1, 2], [1, 2, 0]], 3))
    baseline = Favourites(1)
    choose("favourites", baseline, split, Context())
    assert baseline.fitted == [(1, 2)]


def test_the_earlier_of_equal_settings_is_chosen(histories) -> None:
    split = leave_one_out.split(histories([[0, 1, 2], [1, 2, 0]], 6))
    assert choose("favourites", Favourites(5, 4), split, Context()).settings.product == 5


def test_single_targets_are_judged_by_ten_and_many_by_twenty(histories) -> None:
    one = leave_one_out.split(histories([[0, 1, 2]], 3))
    many = random.split(histories([list(range(20))], 20))
    assert validation_metric(one.valid) == "ndcg@10"
    assert validation_metric(many.valid) == "ndcg@20"


def test_kinds_are_tried_only_where_there_are_several(histories) -> None:
    one, two = histories([[0, 1]], 2), histories([[0, (1, "view")]], 2)
    for baseline in (item_knn, ease, popularity):
        alone = axis_values(baseline, one, Context())
        kinds = [{"kinds": kinds} for kinds in ("target", "graded", "equal")]
        assert axis_values(baseline, two, Context()) == kinds + alone


def test_every_baseline_is_found_under_its_public_name() -> None:
    assert list(find_baselines()) == [
        "als",
        "bpr",
        "content-knn",
        "content-tfidf",
        "ease",
        "esasrec",
        "gf-cf",
        "item-knn",
        "lightgcn",
        "popularity",
        "recent-popularity",
        "sasrec",
        "transition-knn",
        "user-knn",
    ]


def test_those_that_train_say_so() -> None:
    training = [name for name, baseline in find_baselines().items() if trains(baseline)]
    assert training == ["als", "bpr", "esasrec", "lightgcn", "sasrec"]


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


def test_a_class_of_ones_own_is_named_by_its_module(tmp_path, monkeypatch) -> None:
    (tmp_path / "mine_by_hand.py").write_text(
        "class Mine:\n    Settings, AXES = dict, {}\n    def fit(self, *_): return 'fitted'\n"
        "class Half:\n    AXES = {}\n"
    )
    monkeypatch.chdir(tmp_path)
    assert find_baseline("mine_by_hand:Mine").fit(None, None, None) == "fitted"
    with pytest.raises(ValueError, match="Half is no baseline: it has no Settings, fit"):
        find_baseline("mine_by_hand:Half")
    with pytest.raises(ValueError, match=r"'mine_by_hand:Other'.*no attribute"):
        find_baseline("mine_by_hand:Other")
    with pytest.raises(ValueError, match=r"'nowhere:Mine'.*nowhere"):
        find_baseline("nowhere:Mine")
    with pytest.raises(ValueError, match="No model 'oracle': there are als"):
        find_baseline("oracle")
