from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.knowledge import relations
from ingestion.knowledge.relations import Relations, bought_with, leads_to, similar_to
from kg.knowledge.purchases import NONE, Purchases
from kg.records import NO_TIME


def purchases(
    *lines: tuple[int, int, int, int, int], place: Sequence[int] | None = None, products: int = 4
) -> Purchases:
    """Lines of user, product, time, order, session."""
    columns = np.array(lines, np.int64).reshape(-1, 5).T
    user, product, time, order, session = columns
    where = np.zeros(len(user), np.int64) if place is None else np.array(place, np.int64)
    return Purchases(user, product, time, where, order, session, products)


def told(found: Relations) -> dict[tuple[int, int], tuple[float, int]]:
    weight, support = found.weight.tocoo(), found.support.tocoo()
    assert weight.row.tolist() == support.row.tolist()
    assert weight.col.tolist() == support.col.tolist()
    pairs = zip(weight.row.tolist(), weight.col.tolist(), strict=True)
    values = zip(weight.data.tolist(), support.data.tolist(), strict=True)
    return {pair: (round(w, 5), int(s)) for pair, (w, s) in zip(pairs, values, strict=True)}


def test_bought_with_is_the_shrunk_cosine_of_damped_baskets() -> None:
    # Order 0 holds 0 1, order 1 (a guest's) 0 1 2 3, order 2 only 0.
    found = bought_with(
        purchases(
            *((7, p, 10, 0, NONE) for p in (0, 1)),
            *((NONE, p, 20, 1, NONE) for p in (0, 1, 2, 3)),
            (7, 0, 30, 2, NONE),
        ),
        least_support=2,
    )
    # A basket of two counts 1/√2, one of four 1/2, one alone 1.
    both, zero, one = 2**-0.5 + 0.5, 2**-0.5 + 0.5 + 1, 2**-0.5 + 0.5
    weight = round(both / ((zero + 1) * (one + 1)) ** 0.5, 5)
    assert told(found) == {(0, 1): (weight, 2), (1, 0): (weight, 2)}


def test_outside_orders_a_session_is_a_basket_and_else_the_user() -> None:
    found = bought_with(
        purchases(
            # User 1 has two sessions, user 2 none; 2's purchases lie a year apart.
            *((1, p, t, NONE, 5) for p, t in ((0, 1), (1, 2))),
            (1, 2, 3, NONE, 6),
            *((2, p, t, NONE, NONE) for p, t in ((0, 0), (1, 31_536_000_000))),
            # The same session label of another user is another session.
            (3, 3, 1, NONE, 5),
        ),
        least_support=1,
    )
    assert {pair: support for pair, (_, support) in told(found).items()} == {(0, 1): 2, (1, 0): 2}


def test_a_basket_holds_a_product_once_however_often_it_was_bought() -> None:
    twice = [(1, 0, 1, 0, NONE), (1, 0, 1, 0, NONE), (1, 1, 1, 0, NONE)]
    assert told(bought_with(purchases(*twice), least_support=1)) == told(
        bought_with(purchases(*twice[1:]), least_support=1)
    )


def test_leads_to_counts_the_next_baskets_less_the_further_they_are() -> None:
    # User 1 buys 0, then 1 2, then 3; a guest in between and another user say nothing.
    found = leads_to(
        purchases(
            (1, 3, 30, 2, NONE),
            (1, 0, 10, 0, NONE),
            *((1, p, 20, 1, NONE) for p in (1, 2)),
            (NONE, 3, 15, 3, NONE),
            (2, 3, 5, 4, NONE),
        ),
        least_support=1,
    )
    root = 2**-0.5
    # What leads from each product at all, and to each at all, in sizes' roots.
    leaving = [1 + 0.5, root, root, 0.0]
    arriving = [0.0, root, root, 1 + 0.5]
    steps = {(0, 1): root, (0, 2): root, (0, 3): 0.5, (1, 3): root, (2, 3): root}
    assert told(found) == {
        (i, j): (round(step / ((leaving[i] + 1) ** 0.5 * (arriving[j] + 1) ** 0.25), 5), 1)
        for (i, j), step in steps.items()
    }


def test_without_times_the_position_tells_what_was_next() -> None:
    lines = [(1, p, NO_TIME, NONE, NONE) for p in (2, 0, 1)]
    found = leads_to(purchases(*lines, place=[30, 10, 20]), least_support=1)
    assert set(told(found)) == {(0, 1), (0, 2), (1, 2)}
    # What is bought at one moment does not lead to itself.
    together = [(1, p, 5, NONE, NONE) for p in (0, 1)]
    assert told(leads_to(purchases(*together), least_support=1)) == {}
    # An order without a time has no place among others.
    orders = [(1, 0, NO_TIME, 0, NONE), (1, 1, NO_TIME, 1, NONE)]
    assert told(leads_to(purchases(*orders), least_support=1)) == {}


def test_only_the_strongest_with_enough_support_stay() -> None:
    lines = []
    for order in range(6):
        held = [0, 1] if order < 3 else [0, 1, 2] if order < 5 else [0, 3]
        lines += [(NONE, p, 1, order, NONE) for p in held]
    found = told(bought_with(purchases(*lines), top=1, least_support=2))
    assert {pair: support for pair, (_, support) in found.items()} == {
        (0, 1): 5,
        (1, 0): 5,
        (2, 1): 2,
    }
    assert told(bought_with(purchases(*lines), least_support=6)) == {}


def test_alike_in_text_are_the_nearest_and_support_tells_whether_both_say_so() -> None:
    angles = np.radians([0, 10, 25, 180])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    vectors = np.concatenate([vectors, np.zeros((1, 2), np.float32)])
    found = told(similar_to(vectors, top=1))
    cosine = np.cos(np.radians([10, 15]))
    assert {pair: s for pair, (_, s) in found.items()} == {(0, 1): 2, (1, 0): 2, (2, 1): 1}
    assert found[0, 1][0] == pytest.approx(cosine[0], abs=1e-5)
    assert found[2, 1][0] == pytest.approx(cosine[1], abs=1e-5)


@pytest.mark.parametrize("relate", [bought_with, leads_to])
def test_nobody_bought_anything(relate: object) -> None:
    assert told(relate(purchases())) == {}  # type: ignore[operator]
    assert told(relate(purchases(products=0))) == {}  # type: ignore[operator]
    assert told(similar_to(np.zeros((0, 0), np.float32))) == {}


LINES = st.lists(
    st.tuples(
        st.integers(-1, 2), st.integers(0, 3), st.integers(0, 5), st.integers(0, 3), st.just(NONE)
    ),
    max_size=20,
)


@given(LINES, st.randoms())
def test_the_order_of_lines_and_the_size_of_blocks_make_no_difference(
    lines: list[tuple[int, int, int, int, int]], random: object
) -> None:
    # An order is one user's at one time.
    lines = [(order - 1, p, order, order, NONE) for _, p, _, order, _ in lines]
    mixed = list(lines)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    for relate in (bought_with, leads_to):
        whole = told(relate(purchases(*lines), 2, 1))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(relations, "BLOCK", 1)
            assert told(relate(purchases(*mixed), 2, 1)) == whole
