from __future__ import annotations

import math

import pandas as pd

from ingestion.knowledge.profiles import DAY_MS, favourites, rfm
from kg.knowledge.profiles import COLUMNS, Favourite
from kg.records import NO_TIME


def events(*rows: tuple[int, int, float, bool, float, float | None, str]) -> pd.DataFrame:
    """Rows of user, product, day, returned, quantity, price, visit."""
    made = pd.DataFrame(list(rows), columns=list(COLUMNS))
    days = made["time"]
    made["time"] = (days * DAY_MS).where(days >= 0, NO_TIME).astype("int64")
    return made.astype(COLUMNS)


def test_money_is_what_was_paid_less_what_was_given_back() -> None:
    made = events(
        (0, 1, 1, False, 2, 10.0, "oA"),
        (0, 1, 1, False, 2, 20.0, "oA"),
        (0, 2, 3, False, 1, 5.0, "oB"),
        (0, 2, 4, True, 1, 5.0, ""),
        # Worth what was paid on average: (2 · 10 + 2 · 20) / 4.
        (0, 1, 4, True, 1, None, ""),
        (1, 1, 1, False, 1, None, "oC"),
        (2, 9, 1, True, 1, 3.0, ""),
    )
    facts = rfm(made, 10 * DAY_MS)
    assert facts["money"].to_dict()[0] == 60 + 5 - 5 - 15
    assert math.isnan(facts["money"][1])
    # Who only gave back never bought.
    assert facts.index.tolist() == [0, 1]
    assert facts["frequency"].to_dict() == {0: 2, 1: 1}
    assert facts["recency_days"].to_dict() == {0: 7.0, 1: 9.0}


def test_a_visit_is_an_order_a_session_a_day_or_the_purchase_itself() -> None:
    made = events(
        (0, 1, 1.0, False, 1, 1.0, "oA"),
        (0, 2, 1.0, False, 1, 1.0, "oA"),
        (0, 1, 1.0, False, 1, 1.0, "sA"),
        (0, 1, 2.1, False, 1, 1.0, ""),
        (0, 2, 2.9, False, 1, 1.0, ""),
        (0, 1, 3.0, False, 1, 1.0, ""),
        (1, 1, -1, False, 1, 1.0, ""),
        (1, 1, -1, False, 1, 1.0, ""),
    )
    facts = rfm(made, 4 * DAY_MS)
    assert facts["frequency"].to_dict() == {0: 4, 1: 2}
    assert math.isnan(facts["recency_days"][1])


def test_prices_are_the_quartiles_of_what_was_paid_a_piece() -> None:
    made = events(
        *((0, p, 1, False, 100, price, "oA") for p, price in enumerate([1.0, 2, 3, 4, 9]))
    )
    facts = rfm(made, DAY_MS)
    assert facts.loc[0, ["price_low", "price_median", "price_high"]].tolist() == [2.0, 3.0, 4.0]


def test_fifths_are_by_rank_among_those_who_bought() -> None:
    made = events(
        *((user, 1, user, False, 1, float(user + 1), f"o{user}") for user in range(5)),
        (0, 1, 0, False, 1, 100.0, "o9"),
    )
    assert rfm(made, 5 * DAY_MS)["rfm"].to_dict() == {
        # All but user 0 have one visit: ranks 1 to 4 share their mean, 2.5 of 5.
        0: "155",
        1: "231",
        2: "332",
        3: "433",
        4: "534",
    }


def test_favourites_are_what_most_visits_bought_at_least_two() -> None:
    made = events(
        (0, 1, 1, False, 9, 1.0, "oA"),
        (0, 1, 1, False, 9, 1.0, "oA"),
        (0, 2, 2, False, 1, 1.0, "oB"),
        (0, 3, 2, False, 1, 1.0, "oB"),
        (0, 2, 3, False, 1, 1.0, "oC"),
        (0, 3, 4, False, 1, 1.0, "oD"),
        (0, 1, 5, True, 1, 1.0, ""),
    )
    links = pd.DataFrame({"product": [1, 2, 3, 3, 2], "target": [10, 20, 30, 30, 40]})
    # 30 was bought later than 20 and 40; of these the earlier row comes first.
    assert favourites(made, links) == {
        0: [Favourite(30, 2, 0.5), Favourite(20, 2, 0.5), Favourite(40, 2, 0.5)]
    }
    assert favourites(made, links.iloc[:0]) == {}


def test_nobody_bought_anything() -> None:
    assert rfm(events(), None).empty
    assert favourites(events(), pd.DataFrame({"product": [], "target": []}, dtype="int64")) == {}
