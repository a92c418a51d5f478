"""Which words count, by hand."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kg import words
from kg.words import shared_words


def test_words_that_two_say_are_shared_and_others_are_not() -> None:
    edges, found = shared_words(["Blue MUG, blue", "a blue hat", "", "mug 5oz", "a 5oz pan"])
    assert found == ["5oz", "a", "blue", "mug"]
    told = sorted((int(text), found[word]) for text, word in edges.T)
    assert told == [
        (0, "blue"),
        (0, "mug"),
        (1, "a"),
        (1, "blue"),
        (3, "5oz"),
        (3, "mug"),
        (4, "5oz"),
        (4, "a"),
    ]


def test_what_nearly_all_say_says_nothing(monkeypatch) -> None:
    monkeypatch.setattr(words, "MOST_PRODUCTS", 2)
    _, found = shared_words(["a mug", "a mug", "a hat", "one hat"])
    assert found == ["hat", "mug"]


def test_without_shared_words_there_are_none() -> None:
    for texts in ([], [""], ["!", "?"], ["one", "two"]):
        edges, found = shared_words(iter(texts))
        assert edges.shape == (2, 0)
        assert edges.dtype == np.int64
        assert found == []


@given(st.lists(st.lists(st.sampled_from(["red", "mug", "ÜBER", "杯子"]), max_size=4), max_size=8))
def test_every_edge_is_a_word_of_a_text_that_another_says_too(texts: list[list[str]]) -> None:
    edges, found = shared_words(" ".join(text) for text in texts)
    said = {(place, word.lower()) for place, text in enumerate(texts) for word in text}
    sayers = {word: {place for place, other in said if other == word} for _, word in said}
    expected = {(place, word) for place, word in said if len(sayers[word]) >= 2}
    assert {(int(place), found[word]) for place, word in edges.T} == expected
