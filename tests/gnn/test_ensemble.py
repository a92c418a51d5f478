"""Members side by side score as the mean of them does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from gnn import runs
from gnn.choice import MOST_MEMBERS, Settings, choose_gnn, fit_settings
from gnn.config import ModelConfig, TrainConfig
from gnn.ensemble import Ensemble, carry_over_members
from gnn.histories import Histories
from gnn.knowledge import Knowledge
from gnn.protocols import leave_one_out
from gnn.warm import CannotContinue, WarmStart
from kg.records import KINDS, NO_TIME

BUY = KINDS.index("purchase")
CPU = torch.device("cpu")
USERS, PRODUCTS = 30, 20
TRAINING = TrainConfig(epochs=2, folds=2, queries=64)


def shop(users: int = USERS, products: int = PRODUCTS) -> Histories:
    """Five random purchases a user, in order."""
    rng = np.random.default_rng(0)
    product = np.concatenate([rng.choice(products, 5, replace=False) for _ in range(users)])
    row = np.repeat(np.arange(users), 5)
    kind, time = np.full(len(row), BUY), np.full(len(row), NO_TIME)
    return Histories.from_events(row, product, kind, time, np.arange(len(row)), users, products)


def knowledge(products: int = PRODUCTS) -> Knowledge:
    attributes = sp.csr_array(np.arange(3 * products).reshape(products, 3) % 4 == 0, dtype="f4")
    texts, there = np.eye(products, 24, dtype="f4"), np.ones(products, bool)
    return Knowledge(texts, there, attributes, np.arange(3))


def settings(members: int, mean_pools: bool = False) -> Settings:
    return Settings(ModelConfig(dim=8, pools=2, members=members, mean_pools=mean_pools), TRAINING)


def fit(of: Settings, warm: WarmStart | None = None) -> Ensemble:
    found = fit_settings(shop(), knowledge(), of, BUY, CPU, warm=warm)
    assert isinstance(found, Ensemble)
    return found


@pytest.mark.parametrize("mean_pools", [True, False])
def test_three_score_as_the_mean_of_what_each_scores(mean_pools: bool) -> None:
    whole = fit(settings(3, mean_pools)).at(NO_TIME)
    assert whole.z.shape == (PRODUCTS, 24)
    alone = []
    for seed in range(3):
        one = replace(settings(1, mean_pools), training=replace(TRAINING, seed=seed))
        alone.append(fit_settings(shop(), knowledge(), one, BUY, CPU).at(NO_TIME))
    queries = shop()
    expected = np.mean([one.score(queries, None) for one in alone], axis=0)
    np.testing.assert_allclose(whole.score(queries, None), expected, atol=1e-5)
    assert not np.allclose(alone[0].z, alone[1].z)


def test_a_run_keeps_all_members_and_any_of_them_can_be_gone_on_from(tmp_path: Path) -> None:
    of = settings(2)
    ensemble = fit(of)
    recommender = ensemble.at(NO_TIME)
    run = runs.Run(
        run_id="20260101-000000-aaaa",
        created_at="2026-01-01T00:00:00+00:00",
        cutoff=None,
        protocol="none",
        target_kind="purchase",
        model=of.model,
        training=of.training,
        metrics={},
        validation=[],
        counts={},
        seconds=0.0,
        peak_mb=0.0,
        device="cpu",
        versions={},
        curve=ensemble.curve,
    )
    users, products = ([str(row) for row in range(count)] for count in (USERS, PRODUCTS))
    runs.save_run(tmp_path, run, recommender, users, products)
    again = runs.load_recommender(tmp_path, runs.load_run(tmp_path, run.run_id))
    scores = recommender.score(shop(), None)
    np.testing.assert_allclose(again.score(shop(), None), scores, atol=1e-6)
    weights = runs.load_weights(tmp_path, run)
    # Without training it is what it was; products that came since have vectors of all members.
    same = carry_over_members(shop(), knowledge(), of.model, BUY, weights).at(NO_TIME)
    np.testing.assert_allclose(same.score(shop(), None), scores, atol=1e-5)
    grown = carry_over_members(shop(products=22), knowledge(22), of.model, BUY, weights)
    assert grown.at(NO_TIME).z.shape == (22, 16)
    warm = WarmStart(weights, np.arange(USERS) > 20)
    further = fit(of, warm).at(NO_TIME)
    assert not torch.equal(further.z, recommender.z)
    with pytest.raises(CannotContinue, match="fewer members"):
        fit(settings(3), warm)


def test_curve_and_best_epoch_are_means() -> None:
    ensemble = fit(settings(2))
    first, second = ensemble.members
    assert ensemble.curve == [(a + b) / 2 for a, b in zip(first.curve, second.curve, strict=True)]
    first.best_epoch, second.best_epoch = 2, 5
    assert ensemble.best_epoch == 4


def test_members_are_chosen_with_the_rest() -> None:
    split = leave_one_out.split(shop(), BUY)
    patient = replace(settings(2), training=replace(TRAINING, patience=1))
    found = choose_gnn(split, knowledge(), BUY, CPU, [patient])
    assert found.settings.as_given() == patient
    assert found.recommender.z.shape == (PRODUCTS, 16)


@pytest.mark.parametrize(("budget", "members"), [(600.0, MOST_MEMBERS), (1e-9, 1)])
def test_default_settings_have_the_members_that_there_is_time_for(
    budget: float, members: int
) -> None:
    split = leave_one_out.split(shop(), BUY)
    found = choose_gnn(split, knowledge(), BUY, CPU, budget_seconds=budget)
    assert found.settings.model.members == members
    assert found.recommender.z.shape == (PRODUCTS, members * ModelConfig().dim)


def test_given_settings_keep_their_members() -> None:
    split = leave_one_out.split(shop(), BUY)
    found = choose_gnn(split, knowledge(), BUY, CPU, [settings(1), settings(3)])
    assert [trial.settings["model"]["members"] for trial in found.trials] == [1, 3]
    assert found.settings.model.members in (1, 3)


@pytest.mark.parametrize("timed", [True, False])
def test_one_member_is_tried_to_balance_given_settings_where_there_are_times(timed: bool) -> None:
    past = shop()
    if timed:
        past = replace(past, time=np.arange(past.num_events) * 86_400_000)
    split = leave_one_out.split(past, BUY)
    given = settings(2)
    found = choose_gnn(split, knowledge(), BUY, CPU, [given])
    assert found.recommender.z.shape == (PRODUCTS, 16)
    assert found.settings.as_given() == given
    assert [trial.settings["model"]["members"] for trial in found.trials] == [1] * timed
    assert bool(found.settings.model.balance) is timed
    again = choose_gnn(split, knowledge(), BUY, CPU, [found.settings])
    assert again.settings == found.settings
    assert again.trials == []


def test_sets_alone_have_one_member() -> None:
    with pytest.raises(ValueError, match="one member"):
        ModelConfig(dim=4, spectral=2, members=2)
    with pytest.raises(ValueError, match="members must be at least 1"):
        ModelConfig(members=0)
