"""Whatever is asked of a shipped query: rows, or one line; the graph stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kg.errors import KgError
from kg.queries import Query, convert_params, list_queries, run_query

from .conftest import GIVEN, IDS, Shop

Asked = dict[str, str]

#: Those that take constraints: pages of products, and of what products are in.
CONSTRAINED = GIVEN | {
    "category_suggestions": {"user_id": "ann"},
    "tag_suggestions": {"user_id": "ann"},
}

#: Every shipped query, and what gives it something to answer.
EVERY = CONSTRAINED | {
    "reasons": {"user_id": "ann"},
    "ranking": {"user_id": "ann"},
    "recommendation": {"user_id": "ann", "product_id": "p05"},
    "product_at": {"product_id": "p00", "until": "2026-01-01"},
}

#: Whom and what a query asks about.
ABOUT = ("user_id", "product_id", "product_ids")

#: Pages that do without a user: what they offer is then the same for all.
FOR_ANYBODY = {"search", "advert", "unseen"}

# Of like length: a parameter of another magnitude is planned anew.
UNKNOWN = ("nobody", "\x00💥*`'\"")

#: Signs of Lucene's language, open quotes, what no analyser makes a word of.
TYPED = (
    *(
        "hat AND",
        "title:*",
        '"hat',
        "'hat",
        "hat~2^3",
        "(((",
        "* OR *",
        "\\",
        "/a.*/",
        "+ -",
        "\x00",
    ),
    *("[a TO z]", "{!func}x", "hat && || !", "product_id:p00", " ", "\N{ZERO WIDTH SPACE}", "红色"),
    *("", "a" * 100_000),
)

ATTEMPTS = (
    "'}) DETACH DELETE u //",
    '1"}); CREATE (:Bad); //',
)

NUMBERS = ("-1", "nan", "inf", str(2**63 - 1), str(2**63))


def texts(query: Query) -> Iterator[str]:
    """Everything of a query that is given as text, its constraints and its user's columns too."""
    yield from query.keys()
    if "profile" in query.params:
        yield "profile.city"


def about(name: str, value: str) -> Iterator[Asked]:
    """A query's questions with another user, product or cart each."""
    for key in ABOUT:
        if key in EVERY[name]:
            yield EVERY[name] | {key: value}


def unknown(name: str) -> Iterator[Asked]:
    for value in UNKNOWN:
        yield from about(name, value)


def nothing(name: str) -> Iterator[Asked]:
    yield from about(name, "")


def upside_down(name: str) -> Iterator[Asked]:
    if "constraints" in list_queries()[name].params:
        yield EVERY[name] | {"price_from": "20", "price_to": "8"}


def lucene(name: str) -> Iterator[Asked]:
    if "text" in EVERY[name]:
        for value in TYPED:
            yield EVERY[name] | {"text": value}


def injection(name: str) -> Iterator[Asked]:
    for key in texts(list_queries()[name]):
        for value in ATTEMPTS:
            yield EVERY[name] | {key: value}


def numbers(name: str) -> Iterator[Asked]:
    for key, kind in list_queries()[name].keys().items():
        if kind in ("INTEGER", "FLOAT"):
            for value in NUMBERS:
                yield EVERY[name] | {key: value}


def of_none(name: str) -> Iterator[Asked]:
    if "k" in list_queries()[name].params:
        yield EVERY[name] | {"k": "0"}


def of_many(name: str) -> Iterator[Asked]:
    if "k" in list_queries()[name].params:
        yield EVERY[name] | {"k": "10000"}


def usual(query: Query) -> Asked:
    """Twenty rows, where a query lets one say how many."""
    return {"k": "20"} if "k" in query.params else {}


def test_every_shipped_query_is_asked() -> None:
    assert EVERY.keys() == list_queries().keys()
    assert {name for name, query in list_queries().items() if "constraints" in query.params} == (
        CONSTRAINED.keys()
    )


@pytest.mark.parametrize(
    ("questions", "empty"),
    [
        (unknown, lambda name: name not in FOR_ANYBODY),
        (nothing, lambda name: name not in FOR_ANYBODY),
        (upside_down, lambda name: True),
        (of_none, lambda name: True),
        (of_many, lambda name: False),
        (lucene, lambda name: False),
        (injection, lambda name: False),
        (numbers, lambda name: False),
    ],
)
def test_bad_input_gets_rows_or_one_line_and_changes_nothing(
    shop: Shop,
    snapshot: Callable[[], list[tuple[Any, ...]]],
    questions: Callable[[str], Iterator[Asked]],
    empty: Callable[[str], bool],
) -> None:
    before = snapshot()
    for name, query in list_queries().items():
        for asked in questions(name):
            try:
                rows = run_query(shop.graph, query, convert_params(query, usual(query) | asked))
            except KgError as error:
                # What is no time or no number is told.
                complaint = str(error)
            else:
                complaint = ""
                assert rows == [] or not empty(name), (name, asked)
                assert {row["product_id"] for row in rows if "rank" in row} <= set(IDS)
            assert "\n" not in complaint, (name, asked)
            assert not (complaint and empty(name)), (name, asked)
    assert snapshot() == before
