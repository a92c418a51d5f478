import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from gnn.baselines import (
    als,
    bpr,
    content_knn,
    content_tfidf,
    ease,
    gf_cf,
    item_knn,
    lightgcn,
    popularity,
    recent_popularity,
    sasrec,
    transition_knn,
    user_knn,
)
from gnn.evaluation import evaluate
from gnn.protocols import forward, leave_one_out
from gnn.recommender import Context, MissingInput
from gnn.selection import find_baselines

DAY = 86_400_000
#: Those that need an environment of their own are tested in test_peers.
BASELINES = sorted((n, b) for n, b in find_baselines().items() if n not in ("sasrec", "esasrec"))


#: Sizes that ten products bear.
SMALL = {
    als: {"factors": 2},
    bpr: {"factors": 2, "rounds": 20},
    lightgcn: {"pairs": 64, "rounds": 3},
}


def content(num_products: int) -> Context:
    """Text that says whether a product is even."""
    even = np.arange(num_products) % 2 == 0
    return Context(
        text_vectors=np.stack([even, ~even], axis=1).astype(np.float32),
        texts=["even" if e else "odd" for e in even],
    )


def variations(baseline) -> list:
    """The settings the search begins with, and each of its values in turn."""
    start = replace(baseline.Settings(), **SMALL.get(baseline, {}))
    axes = {axis: values for axis, values in baseline.AXES.items() if axis != "factors"}
    changed = [replace(start, **{a: v}) for a, vs in axes.items() for v in vs]
    return list(dict.fromkeys([start, *changed]))


@pytest.fixture
def checkerboard(histories):
    """Even users buy even products and odd users odd ones, each a few of ten."""
    rng = np.random.default_rng(0)
    rows = [(2 * rng.permutation(5)[:3] + user % 2).tolist() for user in range(40)]
    return histories(rows, 10)


# What holds of every baseline


@pytest.mark.parametrize(("name", "baseline"), BASELINES)
def test_scores_do_not_depend_on_the_other_rows(name, baseline, checkerboard) -> None:
    model = baseline.fit(checkerboard, variations(baseline)[0], content(10))
    whole = model.score(checkerboard, None)
    rows = np.array([3, 17, 3, 0])
    assert model.score(checkerboard.take(rows), None) == pytest.approx(whole[rows], abs=1e-6)


@pytest.mark.parametrize(("name", "baseline"), BASELINES)
def test_an_empty_history_is_answered_and_a_new_one_too(name, baseline, checkerboard, histories):
    queries = histories([[], [9, 1, 3, 5], [(4, "view")]], 10)
    for settings in variations(baseline):
        scores = baseline.fit(checkerboard, settings, content(10)).score(queries, None)
        assert scores.shape == (3, 10)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()
        assert scores[0].max() > scores[0].min(), "by popularity"


@pytest.mark.parametrize(("name", "baseline"), BASELINES)
def test_scores_are_fresh_and_may_be_written_into(name, baseline, checkerboard) -> None:
    model = baseline.fit(checkerboard, variations(baseline)[0], content(10))
    first = model.score(checkerboard, None)
    kept = first.copy()
    first[:] = -1
    assert np.array_equal(model.score(checkerboard, None), kept)


@pytest.mark.parametrize(("name", "baseline"), [b for b in BASELINES if "popularity" not in b[0]])
def test_the_colour_of_a_checkerboard_is_found(name, baseline, checkerboard, histories) -> None:
    for settings in variations(baseline):
        model = baseline.fit(checkerboard, settings, content(10))
        scores = model.score(histories([[0, 2], [7, 5]], 10), None)
        assert scores[0, 4::2].min() > scores[0, 1::2].max()
        assert scores[1, [1, 3, 9]].min() > scores[1, 0::2].max()


# Popularity


def test_popularity_counts_users_and_tells_ties_apart_by_events(histories) -> None:
    train = histories([[0, 0, 0, 1], [1, 2, 2], [(2, "view"), (3, "view")]], 4)
    by_user = popularity.fit(train, popularity.Settings(), Context()).product_scores
    assert by_user.tolist() == pytest.approx([1 + 3 / 7, 2 + 2 / 7, 1 + 2 / 7, 0])
    by_event = popularity.fit(train, popularity.Settings("events"), Context()).product_scores
    assert by_event.tolist() == [3, 2, 2, 0]
    equal = popularity.fit(train, popularity.Settings("events", "equal"), Context())
    assert equal.product_scores.tolist() == [3, 2, 3, 1]


def test_popularity_refuses_another_count() -> None:
    with pytest.raises(ValueError, match="'orders'"):
        popularity.Settings("orders")  # type: ignore[arg-type]


def test_recent_popularity_halves_with_every_half_life(histories) -> None:
    train = histories(
        [[(0, "purchase", 0), (0, "purchase", 7 * DAY)], [(1, "purchase", 14 * DAY)]], 3
    )
    model = recent_popularity.fit(train, recent_popularity.Settings(7.0), Context())
    assert model.product_scores.tolist() == pytest.approx([0.25 + 0.5, 1, 0])


def test_recent_popularity_is_popularity_without_times(histories) -> None:
    train = histories([[0, 0], [1]], 3)
    model = recent_popularity.fit(train, recent_popularity.Settings(), Context())
    assert model.product_scores.tolist() == [2, 1, 0]


# Item-kNN


def test_item_knn_weighs_by_cosine(histories) -> None:
    train = histories([[0, 1], [0, 1], [0, 2], [3]], 4)
    weights = item_knn.fit(train, item_knn.Settings(user_power=0.0), Context()).weights
    a, b = 2 / math.sqrt(6), 1 / math.sqrt(3)
    assert weights.toarray() == pytest.approx(
        np.array([[0, a, b, 0], [a, 0, 0, 0], [b, 0, 0, 0], [0, 0, 0, 0]])
    )


def test_item_knn_keeps_each_products_nearest(histories) -> None:
    train = histories([[0, 1], [0, 1], [0, 2], [3]], 4)
    weights = item_knn.fit(
        train, item_knn.Settings(neighbours=1, user_power=0.0), Context()
    ).weights
    assert np.argwhere(weights.toarray()).tolist() == [[0, 1], [1, 0], [2, 0]]


def test_item_knn_lets_users_who_buy_everything_say_less(histories) -> None:
    train = histories([[0, 1], [0, 1, 2]], 3)
    weights = item_knn.fit(train, item_knn.Settings(user_power=1.0), Context()).weights
    # Columns (1/2, 1/3), (1/2, 1/3), (0, 1/3).
    assert weights.toarray()[0] == pytest.approx([0, 1, 2 / math.sqrt(13)])


def test_item_knn_adds_the_history_up_by_recency(histories) -> None:
    train = histories([[0, 1], [0, 1], [0, 2], [3]], 4)
    model = item_knn.fit(train, item_knn.Settings(recency=1.0, user_power=0.0), Context())
    scores = model.score(histories([[1, 2]], 4), None)[0]
    # Product 0 alone gets something, a / 2 + b, which is scaled to 1; popularity is a trace.
    assert scores == pytest.approx([1 + 1e-4, 2e-4 / 3, 1e-4 / 3, 1e-4 / 3], abs=1e-7)


@pytest.mark.parametrize("similarity", ["jaccard", "pearson"])
def test_item_knn_takes_another_likeness(histories, similarity) -> None:
    train = histories([[0, 1], [0, 1], [0, 2], [3]], 4)
    settings = item_knn.Settings(similarity, user_power=0.0)
    weights = item_knn.fit(train, settings, Context()).weights.toarray()
    columns = train.matrix().toarray().T
    both = columns @ columns.T
    sizes = np.diag(both)
    if similarity == "jaccard":
        expected = both / (sizes[:, None] + sizes - both)
    else:
        expected = np.maximum(np.corrcoef(columns), 0)
    np.fill_diagonal(expected, 0)
    assert weights == pytest.approx(expected, abs=1e-6)


# User-kNN


def test_user_knn_adds_up_what_the_nearest_have(histories) -> None:
    train = histories([[0, 1], [0, 1, 2], [3]], 4)
    model = user_knn.fit(train, user_knn.Settings(), Context())
    scores = model.score(histories([[0], [3]], 4), None)
    # The first is like user 0 by 1 / √2, like user 1 by 1 / √3, and not at all like user 2.
    a, b = 1 / math.sqrt(2), 1 / math.sqrt(3)
    assert scores[0] == pytest.approx([1, 1, b / (a + b), 0], abs=2e-4)
    assert scores[1] == pytest.approx([0, 0, 0, 1], abs=2e-4)


def test_user_knn_asks_no_more_than_the_nearest(histories) -> None:
    train = histories([[0, 1], [0, 1, 2], [3]], 4)
    model = user_knn.fit(train, user_knn.Settings(neighbours=1), Context())
    assert model.score(histories([[0]], 4), None)[0] == pytest.approx([1, 1, 0, 0], abs=2e-4)


def test_user_knn_lets_old_events_fade_in_who_is_alike(histories) -> None:
    train = histories([[0, 2], [1, 3]], 4)
    model = user_knn.fit(train, user_knn.Settings(recency=1.0), Context())
    # Weights 1/2 and 1: both users have length √2, so that their shares are as 1 to 2.
    assert model.score(histories([[0, 1]], 4), None)[0] == pytest.approx([0.5, 1, 0.5, 1], abs=2e-4)


# Transition-kNN


def test_transitions_fade_with_their_distance(histories) -> None:
    counted = transition_knn.transitions(histories([[0, 1, 2], [1, 2], []], 3), 10, 0.5)
    assert counted.toarray() == pytest.approx(
        np.array([[0, 1, 1 / math.sqrt(2)], [0, 0, 2], [0, 0, 0]])
    )


def test_transitions_end_at_the_window(histories) -> None:
    counted = transition_knn.transitions(histories([[0, 1, 2]], 3), 1, 0.5)
    assert counted.toarray().tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 0]]


def test_transition_rows_are_divided_by_the_root_of_their_sums(histories) -> None:
    train = histories([[0, 1, 2], [1, 2], []], 3)
    weights = transition_knn.fit(train, transition_knn.Settings(), Context()).weights
    out = 1 + 1 / math.sqrt(2)
    assert weights.toarray() == pytest.approx(
        np.array([[0, 1 / out**0.5, out**-0.5 / 2**0.5], [0, 0, math.sqrt(2)], [0, 0, 0]])
    )


def test_transition_knn_weighs_history_by_one_over_age(histories) -> None:
    train = histories([[0, 2], [1, 3]], 4)
    model = transition_knn.fit(train, transition_knn.Settings(), Context())
    scores = model.score(histories([[0, 1]], 4), None)[0]
    assert scores[2] == pytest.approx(0.5, abs=2e-4)
    assert scores[3] == pytest.approx(1, abs=2e-4)


def test_transitions_go_backward_where_order_says_nothing(histories) -> None:
    settings = transition_knn.Settings(backward=1.0)
    weights = transition_knn.fit(histories([[0, 1]], 2), settings, Context()).weights
    assert weights.toarray().tolist() == [[0, 1], [1, 0]]


def test_weaker_kinds_make_weaker_transitions(histories) -> None:
    settings = transition_knn.Settings(kinds="graded")
    train = histories([[(0, "cart"), (1, "view")]], 2)
    weights = transition_knn.fit(train, settings, Context()).weights
    assert weights.toarray() == pytest.approx(np.array([[0, math.sqrt(0.18)], [0, 0]]))


# EASE


def test_ease_is_ridge_regression_of_each_product_on_the_others(histories) -> None:
    bought = histories([[0, 1], [0, 1, 2], [2, 3], [0, 3], [1]], 4).matrix()
    weights = ease.ease_weights(bought, penalty=2.0)
    x = bought.toarray().astype(float)
    for product in range(4):
        others = [other for other in range(4) if other != product]
        a = x[:, others]
        exact = np.linalg.solve(a.T @ a + 2.0 * np.eye(3), a.T @ x[:, product])
        assert weights[others, product] == pytest.approx(exact, abs=1e-6)
    assert np.diag(weights).tolist() == [0, 0, 0, 0]


def test_ease_leaves_rare_products_to_popularity_beyond_its_limit(histories) -> None:
    train = histories([[0, 1], [0, 1], [0, 2]], 4)
    model = ease.fit(train, ease.Settings(), Context(), max_products=2)
    assert model.products.tolist() == [0, 1]
    scores = model.score(histories([[0]], 4), None)[0]
    assert scores.tolist() == pytest.approx([1e-4, 1 + 2e-4 / 3, 1e-4 / 3, 0], abs=1e-7)


# GF-CF


def test_gf_cf_is_the_sum_of_both_filters(histories) -> None:
    train = histories([[0, 1], [0, 1, 2], [2]], 4)
    settings = gf_cf.Settings(alpha=0.3, rank=1)
    model = gf_cf.fit(train, settings, Context())
    r = train.matrix().toarray()[:, :3].astype(float)
    du, di = r.sum(axis=1), r.sum(axis=0)
    scaled = r / np.sqrt(np.outer(du, di))
    v = np.linalg.svd(scaled).Vh[:1].T
    smooth = np.diag(di**-0.5) @ v @ v.T @ np.diag(di**0.5)
    asked = np.array([1.0, 0, 0])
    exact = asked @ (scaled.T @ scaled + 0.3 * smooth)
    trace = 1e-4 * di / di.max()
    assert model.score(histories([[0]], 4), None)[0, :3] == pytest.approx(
        exact / exact.max() + trace, abs=1e-6
    )


# Content-kNN


@pytest.fixture
def text() -> np.ndarray:
    return np.array([[2, 0], [0, 5], [1, 1], [0, 0]], np.float32)


def test_content_knn_is_cosine_to_the_mean_of_the_history(histories, text) -> None:
    model = content_knn.fit(histories([[0]], 4), content_knn.Settings(), Context(text))
    scores = model.score(histories([[0], [0, 1]], 4), None)
    root = 1 / math.sqrt(2)
    expected = np.array([[1, 0, root, 0], [root, root, 1, 0]])
    assert scores == pytest.approx(expected, abs=2e-4)


def test_content_knn_weighs_rare_attributes_more(histories, text) -> None:
    attributes = sp.csr_array(np.array([[1, 1], [1, 0], [0, 1], [1, 0]], np.float32))
    context = Context(text, attributes)
    model = content_knn.fit(histories([[0]], 4), content_knn.Settings(1.0), context)
    common, rare = math.log(4 / 3), math.log(4 / 2)
    length = math.hypot(common, rare)
    scores = model.score(histories([[0]], 4), None)[0]
    assert scores == pytest.approx([1, common / length, rare / length, common / length], abs=2e-4)


def test_content_knn_does_with_attributes_alone(histories) -> None:
    attributes = sp.csr_array(np.array([[1, 0], [1, 0], [0, 1]], np.float32))
    model = content_knn.fit(
        histories([[0]], 3), content_knn.Settings(), Context(attributes=attributes)
    )
    assert model.score(histories([[0]], 3), None)[0, 1] == pytest.approx(1)


def test_content_knn_says_so_when_products_have_no_content(histories) -> None:
    with pytest.raises(MissingInput, match="text vectors or attributes"):
        content_knn.fit(histories([[0]], 1), content_knn.Settings(), Context())


# Models that train


def test_als_answers_with_the_factors_that_training_gave(checkerboard) -> None:
    model = als.fit(checkerboard, als.Settings(factors=4), Context())
    learned = model.model.user_factors @ model.model.item_factors.T
    scores = model.score(checkerboard, None)
    assert np.corrcoef(learned.ravel(), scores.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("baseline", [bpr, lightgcn])
def test_users_of_the_training_keep_their_own_vectors(baseline, checkerboard) -> None:
    model = baseline.fit(checkerboard, replace(baseline.Settings(), rounds=2), Context())
    own = model.users @ model.items.T
    first = model.known.rows(checkerboard.matrix())
    scores = model.score(checkerboard, None)
    expected = own[first] / np.abs(own[first]).max(axis=1, keepdims=True)
    assert scores == pytest.approx(expected, abs=3e-4)


def test_lightgcn_folds_a_new_user_in_as_the_graph_would(histories) -> None:
    train = histories([[0, 1], [1, 2], [2]], 3)
    model = lightgcn.fit(train, lightgcn.Settings(dim=8, layers=1, rounds=1), Context())
    # With one layer the mean is half of the user's own embedding and half of what products send.
    new = model.score(histories([[0, 2]], 3), None)[0]
    raw = 2 * model.sent * np.sqrt([[1], [2], [2]])  # the products' own embeddings
    user = (raw[0] / np.sqrt(2 * 1) + raw[2] / np.sqrt(2 * 2)) / 2
    expected = model.items @ user
    assert new == pytest.approx(expected / np.abs(expected).max(), abs=3e-4)


def test_the_graph_of_lightgcn_is_normalised_by_both_degrees(histories) -> None:
    graph = lightgcn.normalized_graph(histories([[0, 1], [1]], 2).matrix()).to_dense().numpy()
    a, b = 1 / math.sqrt(2), 1 / 2
    upper = np.array([[a, b], [0, a]])
    assert graph == pytest.approx(
        np.block([[np.zeros((2, 2)), upper], [upper.T, np.zeros((2, 2))]])
    )


# Content by words


def test_content_tfidf_is_cosine_of_rare_first_words(histories) -> None:
    texts = ["red mug", "Red bowl!", "blue mug", ""]
    model = content_tfidf.fit(histories([[0]], 4), content_tfidf.Settings(), Context(texts=texts))
    scores = model.score(histories([[0]], 4), None)[0]
    # Words of products 0: ln(5/3) + 1 each, in two of four texts; the others' own word, in one.
    common, rare = math.log(5 / 3) + 1, math.log(5 / 2) + 1
    alike = common / (math.sqrt(2) * math.hypot(common, rare))
    assert scores == pytest.approx([1, alike, alike, 0], abs=2e-4)


def test_content_tfidf_reads_languages_without_spaces_by_letters(histories) -> None:
    context = Context(texts=["红色咖啡杯", "蓝色咖啡杯", "木头桌子"])
    train, query = histories([[0]], 3), histories([[0]], 3)
    by_letters = content_tfidf.fit(train, content_tfidf.Settings("letters"), context)
    assert by_letters.score(query, None)[0, 1] > 0.2
    assert by_letters.score(query, None)[0, 2] < 1e-3
    by_words = content_tfidf.fit(train, content_tfidf.Settings("words"), context)
    assert by_words.score(query, None)[0, 1] < 1e-3


@pytest.mark.parametrize("texts", [None, ["", " "]])
def test_content_tfidf_says_so_when_products_have_no_text(histories, texts) -> None:
    with pytest.raises(MissingInput, match="texts of products"):
        content_tfidf.fit(histories([[0]], 2), content_tfidf.Settings(), Context(texts=texts))


@pytest.mark.parametrize(
    "make",
    [
        lambda: als.Settings(factors=0),
        lambda: als.Settings(confidence=-1),
        lambda: bpr.Settings(rounds=0),
        lambda: bpr.Settings(learning_rate=0),
        lambda: lightgcn.Settings(layers=0),
        lambda: lightgcn.Settings(learning_rate=0),
        lambda: sasrec.Settings(epochs=0),
        lambda: sasrec.Settings(dropout=1),
        lambda: item_knn.Settings(similarity="dice"),
        lambda: user_knn.Settings(similarity="dice"),
        lambda: user_knn.Settings(neighbours=0),
        lambda: user_knn.Settings(recency=-1),
        lambda: content_tfidf.Settings(units="lines"),
        lambda: content_tfidf.Settings(recency=-1),
        lambda: item_knn.Settings(neighbours=0),
        lambda: item_knn.Settings(recency=-1),
        lambda: transition_knn.Settings(window=0),
        lambda: transition_knn.Settings(decay=-1),
        lambda: ease.Settings(penalty=0),
        lambda: ease.Settings(recency=-1),
        lambda: gf_cf.Settings(rank=0),
        lambda: gf_cf.Settings(alpha=-1),
        lambda: content_knn.Settings(attribute_share=2),
        lambda: content_knn.Settings(recency=-1),
        lambda: recent_popularity.Settings(half_life_days=0),
    ],
)
def test_settings_that_make_no_sense_are_refused(make) -> None:
    with pytest.raises(ValueError, match="got"):
        make()


# Figures measured on real data by others


@pytest.fixture(scope="module")
def autumn(online_retail):
    return forward.split(online_retail, pd.Timestamp("2011-09-01").value // 10**6).test


def figures(model, task, *names: str) -> list[float]:
    found = evaluate(model, task).metrics
    return [round(found[name], 4) for name in names]


def test_popularity_on_online_retail(autumn) -> None:
    users = autumn.train.matrix().sum(axis=0)
    # The published count leaves ties to the order of the codes.
    by_code = popularity.StaticRecommender(
        (users - 1e-5 * np.arange(len(users))).astype(np.float32)
    )
    assert figures(by_code, autumn, "recall@20", "ndcg@20") == [0.0382, 0.0410]
    tied = popularity.StaticRecommender(users.astype(np.float32))
    assert figures(tied, autumn, "recall@20", "ndcg@20") == [0.0371, 0.0403]


def test_item_knn_on_online_retail(autumn) -> None:
    model = item_knn.fit(
        autumn.train, item_knn.Settings(neighbours=3388, user_power=0.0), Context()
    )
    recall, ndcg = figures(model, autumn, "recall@20", "ndcg@20")
    assert recall == pytest.approx(0.0851, abs=0.0005)
    assert ndcg == pytest.approx(0.0899, abs=0.0005)


def test_ease_on_online_retail(autumn) -> None:
    model = ease.fit(autumn.train, ease.Settings(penalty=500.0), Context())
    recall, ndcg = figures(model, autumn, "recall@20", "ndcg@20")
    assert recall == pytest.approx(0.104, abs=0.001)
    assert ndcg == pytest.approx(0.108, abs=0.001)


def test_transition_knn_on_beauty(beauty) -> None:
    task = leave_one_out.split(beauty).test
    model = transition_knn.fit(task.train, transition_knn.Settings(), Context())
    pure = replace(model, popularity=np.zeros_like(model.popularity))
    assert figures(pure, task, "hr@10", "ndcg@10") == [0.0840, 0.0529]
    assert figures(model, task, "hr@10", "ndcg@10") == [0.0855, 0.0537]
