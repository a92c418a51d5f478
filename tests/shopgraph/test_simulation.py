"""The simulated shop: an example of the tables, with something in it for a model to find."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg.records import KINDS, REQUIRED, TABLES
from shopgraph.simulation.missions import lead_matrix
from shopgraph.simulation.sampling import at_busy_hours, iso_times, pick_columns
from shopgraph.simulation.shop import Shop, SimulationSummary, draw_shop, simulate
from shopgraph.simulation.vocabulary import LANGUAGES, read_structure, read_words

FIRST = pd.Timestamp("2025-01-01", tz="UTC")
LAST = pd.Timestamp("2025-09-30 23:59:59", tz="UTC")
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

Tables = dict[str, pd.DataFrame]

#: The tables of a simulated shop: nothing leaves it.
SIMULATED = [name for name in TABLES if name != "deletions"]


def read_tables(folder: Path) -> Tables:
    return {
        name: pd.read_csv(folder / f"{name}.csv.gz", dtype=str, keep_default_na=False)
        for name in SIMULATED
    }


@pytest.fixture(scope="module")
def shop() -> Shop:
    return draw_shop(users=600, products=400, seed=3)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[SimulationSummary, Tables]:
    folder = tmp_path_factory.mktemp("shop")
    summary = simulate(folder, users=600, products=400, seed=3)
    return summary, read_tables(folder)


@pytest.fixture(scope="module")
def tables(written: tuple[SimulationSummary, Tables]) -> Tables:
    return written[1]


@pytest.fixture(scope="module")
def chinese(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder = tmp_path_factory.mktemp("shop_zh")
    simulate(folder, users=600, products=400, seed=3, language="zh")
    return read_tables(folder)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        simulate(tmp_path / folder, users=60, products=50, seed=7)
    simulate(tmp_path / "c", users=60, products=50, seed=8)
    for name in SIMULATED:
        first, again, other = ((tmp_path / f / f"{name}.csv.gz").read_bytes() for f in "abc")
        assert first == again
        assert first != other


def test_a_file_says_nothing_of_when_it_was_written(tmp_path: Path) -> None:
    simulate(tmp_path, users=5, products=5)
    header = (tmp_path / "users.csv.gz").read_bytes()[:10]
    assert header[3] == 0, "no file name"
    assert header[4:8] == b"\0\0\0\0", "no time"


def test_the_summary_counts_what_is_in_the_files(
    written: tuple[SimulationSummary, Tables],
) -> None:
    summary, tables = written
    assert summary.rows == {name: len(frame) for name, frame in tables.items()}
    assert summary.users == len(tables["users"]) == 600
    assert summary.products == len(tables["products"]) == 400
    assert summary.interactions == len(tables["interactions"]) == sum(summary.kinds.values())
    assert summary.kinds == {
        kind: int((tables["interactions"]["kind"] == kind).sum()) for kind in KINDS
    }


def test_every_table_has_its_required_columns_first_filled(tables: Tables) -> None:
    for name, frame in tables.items():
        required = list(TABLES[name][: REQUIRED[name]])
        assert set(required) <= set(frame.columns)
        assert (frame[required] != "").all(axis=None)
        if name != "users":
            assert set(frame.columns) <= set(TABLES[name]) | {"session_id"}


def test_products_are_complete_and_sound(tables: Tables) -> None:
    products = tables["products"]
    assert products["product_id"].is_unique
    assert products["title"].is_unique
    assert (products != "").all(axis=None)
    assert (products["price"].astype(float) > 0).all()
    stock = products["stock"].astype(int)
    assert (stock >= 0).all()
    assert 0 < (stock == 0).sum() < 40
    assert products["category"].str.contains(" > ").all()
    assert 0 < products["category"].str.contains("|", regex=False).sum() < 200
    values = products["attributes"].str.split("|").explode()
    assert set(values[values.str.contains("=")].str.split("=").str[0]) == {
        "colour",
        "material",
        "style",
    }
    assert not values.str.contains("=").all(), "some attributes are bare values"
    assert set(products["delisted"]) == {"true", "false"}
    assert not products["image"].str.startswith("/").any()


def test_nothing_but_the_text_tells_the_theme(tables: Tables) -> None:
    structured = tables["products"][["brand", "category", "attributes"]].agg(" ".join, axis=1)
    words = read_words("en", read_structure())
    motifs = "|".join(re.escape(m) for theme in words.themes for m in theme.motifs)
    assert not structured.str.contains(rf"\b(?:{motifs})\b").any()
    assert tables["products"]["title"].str.contains(motifs).all()


def test_all_times_are_iso_in_utc_and_within_the_months(tables: Tables) -> None:
    for name in ("interactions", "reviews", "searches"):
        times = tables[name]["occurred_at"]
        assert times.str.fullmatch(ISO).all()
        assert pd.to_datetime(times).between(FIRST, LAST).all()
    assert tables["products"]["created_at"].str.fullmatch(ISO).all()
    assert tables["users"]["joined_at"].str.fullmatch(ISO).all()


def test_events_are_in_order_and_name_known_users_and_products(tables: Tables) -> None:
    events = tables["interactions"]
    assert events["interaction_id"].is_unique
    assert events["occurred_at"].is_monotonic_increasing
    users, products = set(tables["users"]["user_id"]), set(tables["products"]["product_id"])
    assert set(events["user_id"]) <= users
    assert set(events["product_id"]) <= products
    assert set(tables["searches"]["product_id"]) - {""} <= products
    for column in ("user_id", "follows_id"):
        assert set(tables["follows"][column]) <= users
    for column in ("product_id", "other_id"):
        assert set(tables["relations"][column]) <= products
    assert (tables["follows"]["user_id"] != tables["follows"]["follows_id"]).all()


def test_nothing_happens_before_a_product_exists_or_a_user_has_joined(tables: Tables) -> None:
    events = tables["interactions"]
    created = tables["products"].set_index("product_id")["created_at"]
    joined = tables["users"].set_index("user_id")["joined_at"]
    assert (events["occurred_at"] >= events["product_id"].map(created)).all()
    assert (events["occurred_at"] >= events["user_id"].map(joined)).all()


def test_columns_are_filled_where_they_mean_something(tables: Tables) -> None:
    events = tables["interactions"]
    paid = events["kind"].isin(["purchase", "return"])
    assert (events["price"] != "").equals(paid)
    assert (events["order_id"] != "").equals(paid)
    assert (events["quantity"] != "").equals(paid | (events["kind"] == "cart"))
    assert (events["rating"] != "").equals(events["kind"] == "rate")
    assert set(events.loc[events["kind"] == "rate", "rating"]) <= set("12345")
    visits = ~events["kind"].isin(["return", "rate"])
    assert (events["session_id"] != "").equals(visits)


def test_returns_and_ratings_are_of_earlier_purchases(tables: Tables) -> None:
    events = tables["interactions"]
    purchases = events[events["kind"] == "purchase"]
    for kind, keys in (
        ("return", ["user_id", "product_id", "order_id", "quantity", "price"]),
        ("rate", ["user_id", "product_id"]),
    ):
        later = events[events["kind"] == kind]
        assert len(later) > 20
        first = purchases.groupby(keys)["occurred_at"].min()
        bought_at = first.reindex(pd.MultiIndex.from_frame(later[keys])).to_numpy()
        assert (bought_at < later["occurred_at"].to_numpy()).all()


def test_the_funnel_narrows_and_some_orders_hold_several_products(tables: Tables) -> None:
    events = tables["interactions"]
    counts = events["kind"].value_counts()
    assert counts["view"] > counts["click"] > counts["cart"] > counts["purchase"] > counts["rate"]
    assert counts["rate"] > counts["return"] > 0
    orders = events[events["kind"] == "purchase"].groupby("order_id")
    assert orders["user_id"].nunique().max() == 1
    assert orders["occurred_at"].nunique().max() == 1
    assert (orders.size() > 1).sum() > 50


def test_reviews_are_of_ratings_and_searches_lead_to_clicks(tables: Tables) -> None:
    events, reviews, searches = (tables[n] for n in ("interactions", "reviews", "searches"))
    keys = ["user_id", "product_id", "rating", "occurred_at"]
    rated = set(events.loc[events["kind"] == "rate", keys].itertuples(index=False, name=None))
    assert set(reviews[keys].itertuples(index=False, name=None)) <= rated
    keys = ["user_id", "session_id", "product_id"]
    clicked = set(events.loc[events["kind"] == "click", keys].itertuples(index=False, name=None))
    led = searches[searches["product_id"] != ""]
    assert 0 < len(led) < len(searches)
    assert set(led[keys].itertuples(index=False, name=None)) <= clicked


def test_there_are_users_without_events_with_one_and_products_never_bought(
    tables: Tables,
) -> None:
    events = tables["interactions"]
    per_user = events["user_id"].value_counts().reindex(tables["users"]["user_id"], fill_value=0)
    assert (per_user == 0).sum() >= 18
    assert (per_user == 1).sum() >= 30
    bought = events.loc[events["kind"] == "purchase", "product_id"]
    assert bought.nunique() < len(tables["products"])


def test_popularity_is_uneven_without_ruling(tables: Tables) -> None:
    events = tables["interactions"]
    counts = events.loc[events["kind"] == "purchase", "product_id"].value_counts()
    share = counts.iloc[: len(tables["products"]) // 10].sum() / counts.sum()
    assert 0.2 < share < 0.45


def test_what_goes_with_a_purchase_is_bought_next(shop: Shop) -> None:
    missions = shop.missions.take(shop.missions.bought)
    same_user = missions.user[1:] == missions.user[:-1]
    before, after = missions.type[:-1][same_user], missions.type[1:][same_user]
    leads = lead_matrix(shop.structure) > 0
    # Within the department, so that a taste for it is not taken for an order.
    tops = np.array([shop.structure.tops.index(t.top) for t in shop.structure.types])
    forward, backward = leads[before, after].sum(), leads[after, before].sum()
    share = np.bincount(after, minlength=len(tops)) / len(after)
    same_top = tops[:, None] == tops
    expected = (share * (leads & same_top)).sum(axis=1) / (share * same_top).sum(axis=1)
    chosen = same_top[before, after]
    lift = leads[before, after][chosen].mean() / expected[before][chosen].mean()
    assert lift > 1.5
    assert forward > 1.5 * backward


def test_users_buy_what_they_like_and_those_they_follow_like_it_too(shop: Shop) -> None:
    features = shop.catalogue.features(shop.structure)
    taste = shop.people.feature_taste
    missions = shop.missions.take(shop.missions.bought)
    own = (taste[missions.user] * features[missions.chosen[:, 0]]).sum(axis=1)
    shuffled = np.random.default_rng(0).permutation(missions.user)
    others = (taste[shuffled] * features[missions.chosen[:, 0]]).sum(axis=1)
    assert own.mean() > others.mean() + 1

    followers, followed = shop.follows
    unit = taste - taste.mean(axis=0)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    strangers = np.random.default_rng(0).permutation(followed)
    alike = (unit[followers] * unit[followed]).sum(axis=1).mean()
    assert alike > (unit[followers] * unit[strangers]).sum(axis=1).mean() + 0.05


def test_the_chinese_shop_is_the_same_shop_in_chinese(tables: Tables, chinese: Tables) -> None:
    products = chinese["products"]
    for column in ("title", "description", "brand", "category", "attributes"):
        assert products[column].str.contains(r"[\u4e00-\u9fff]").all()
        assert not products[column].str.contains(r"[a-zA-Z{}]").any()
    assert chinese["users"]["name"].str.contains(r"[\u4e00-\u9fff]").all()
    assert chinese["searches"]["query"].str.contains(r"[\u4e00-\u9fff]").all()
    assert products["product_id"].str.fullmatch(r"p\d+").all()
    pd.testing.assert_frame_equal(
        chinese["interactions"].drop(columns="price"), tables["interactions"].drop(columns="price")
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_words_for_every_key(language: str) -> None:
    structure = read_structure()
    words = read_words(language, structure)
    keys = {place for t in structure.types for place in (*t.path, *t.also)}
    assert keys <= words.places.keys()
    assert len(set(words.brands)) == len(structure.brands)
    for theme in words.themes:
        assert len(set(theme.motifs)) == 12
        for line in theme.lines:
            assert line.format(noun="") or line
    motifs = [m for theme in words.themes for m in theme.motifs]
    assert len(set(motifs)) == len(motifs), "a motif belongs to one theme"


def test_the_range_names_only_types_materials_and_departments_that_exist() -> None:
    structure = read_structure()
    types, tops = {t.key for t in structure.types}, set(structure.tops)
    assert len(tops) == 8
    for t in structure.types:
        assert len(t.next) == 2
        assert set(t.next) <= types - {t.key}
        assert set(t.materials) <= set(structure.materials)
        assert any(t.top in brand.tops for brand in structure.brands)
    assert all(set(brand.tops) <= tops for brand in structure.brands)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"users": 0}, r"users must be at least 1 \(got 0\)"),
        ({"products": -2}, r"products must be at least 1 \(got -2\)"),
        ({"seed": -1}, r"seed must be at least 0 \(got -1\)"),
        ({"language": "fr"}, "'fr'"),
    ],
)
def test_a_bad_argument_is_named(tmp_path: Path, arguments: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate(tmp_path / "shop", **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "shop").exists()


def test_one_user_and_one_product_make_a_shop(tmp_path: Path) -> None:
    summary = simulate(tmp_path, users=1, products=1)
    assert summary.rows["users"] == summary.rows["products"] == 1
    assert summary.rows["follows"] == summary.rows["relations"] == 0
    assert summary.interactions >= 1
    assert list(read_tables(tmp_path)["follows"].columns) == ["user_id", "follows_id"]


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    users=st.integers(1, 40),
    products=st.integers(1, 40),
    seed=st.integers(0, 1000),
    language=st.sampled_from(LANGUAGES),
)
def test_any_small_shop_holds_together(
    tmp_path: Path, users: int, products: int, seed: int, language: str
) -> None:
    summary = simulate(tmp_path, users=users, products=products, seed=seed, language=language)
    tables = read_tables(tmp_path)
    assert {name: len(frame) for name, frame in tables.items()} == summary.rows
    events = tables["interactions"]
    assert set(events["user_id"]) <= set(tables["users"]["user_id"])
    created = tables["products"].set_index("product_id")["created_at"]
    assert (events["occurred_at"] >= events["product_id"].map(created)).all()
    assert (events["occurred_at"] <= "2025-09-30T23:59:59Z").all()


def test_progress_hears_every_table(tmp_path: Path) -> None:
    steps: list[str] = []
    simulate(tmp_path, users=2, products=2, progress=steps.append)
    assert set(SIMULATED) <= set(steps)


def test_a_column_without_weight_is_never_drawn() -> None:
    weights = np.tile([0.0, 1.0, 0.0, 3.0], (4000, 1))
    drawn = pick_columns(weights, np.random.default_rng(0))
    assert set(drawn) == {1, 3}
    assert (drawn == 3).mean() == pytest.approx(0.75, abs=0.03)


def test_busy_hours_keep_days_and_order() -> None:
    days = np.sort(np.random.default_rng(0).uniform(0, 5, size=1000))
    moved = at_busy_hours(days)
    assert (np.diff(moved) >= 0).all()
    assert (np.floor(moved) == np.floor(days)).all()


def test_seconds_become_iso_times() -> None:
    assert list(iso_times(np.array([0, 86_399, -1]))) == [
        "2025-01-01T00:00:00Z",
        "2025-01-01T23:59:59Z",
        "2024-12-31T23:59:59Z",
    ]
