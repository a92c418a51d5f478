"""The softmax of training, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gnn.softmax import Candidates, cross_entropy, draw, never


def array(*values: int) -> np.ndarray:
    return np.array(values)


def test_few_products_are_all_candidates() -> None:
    candidates = draw(5, 3, all_up_to=5, rng=np.random.default_rng(0))
    assert candidates.columns is None
    assert candidates.log_share == 0
    places = candidates.places(array(1, 0), array(4, 2))
    assert [place.tolist() for place in places] == [[1, 0], [4, 2]]


def test_a_sample_holds_as_many_distinct_products_as_asked() -> None:
    candidates = draw(100, 20, all_up_to=50, rng=np.random.default_rng(0))
    assert candidates.columns is not None
    assert len(candidates.columns) == 20
    assert (np.diff(candidates.columns) > 0).all()
    assert candidates.log_share == pytest.approx(math.log(5))


def test_only_what_was_drawn_has_a_place() -> None:
    candidates = Candidates(array(1, 3))
    row, column = candidates.places(array(0, 0, 1, 2), array(3, 0, 4, 1))
    assert (row.tolist(), column.tolist()) == ([0, 2], [1, 0])


def test_the_whole_softmax_is_the_mean_over_questions_of_the_mean_over_answers() -> None:
    logits = torch.log(torch.tensor([[1.0, 2.0, 5.0], [4.0, 3.0, 1.0]]))
    own = torch.log(torch.tensor([1.0, 2.0, 1.0]))
    loss = cross_entropy(logits, own, array(0, 0, 1), array(0, 1, 2), Candidates(None))
    expected = -((math.log(1 / 8) + math.log(2 / 8)) / 2 + math.log(1 / 8)) / 2
    assert loss.item() == pytest.approx(expected)


def test_a_sample_stands_for_all_products_and_its_own_answer_is_no_rival() -> None:
    # Of 6 products 3 and 5 were drawn; the first answer, 0, was not, the second, 3, was.
    logits = torch.log(torch.tensor([[2.0, 5.0], [3.0, 1.0]]))
    own = torch.log(torch.tensor([1.0, 3.0]))
    candidates = Candidates(array(3, 5), math.log(6 / 2))
    loss = cross_entropy(logits, own, array(0, 1), array(0, 3), candidates)
    # The first is told from 3·(2 + 5), the second from 3·1.
    assert loss.item() == pytest.approx(-(math.log(1 / 22) + math.log(3 / 6)) / 2)


def test_a_question_without_answers_counts_for_nothing() -> None:
    loss = cross_entropy(torch.zeros(3, 4), torch.zeros(1), array(2), array(1), Candidates(None))
    assert loss.item() == pytest.approx(math.log(4))


def test_what_is_never_chosen_has_no_gradient() -> None:
    scores = torch.zeros(2, 3, requires_grad=True)
    logits = never(scores * 1, array(0, 0, 1), array(1, 1, 2))
    torch.logsumexp(logits, dim=1).sum().backward()
    assert scores.grad is not None
    assert scores.grad.tolist() == [[0.5, 0, 0.5], [0.5, 0.5, 0]]
