"""The softmax of training, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from gnn.softmax import Candidates, cross_entropy, draw


def test_few_products_are_all_candidates() -> None:
    candidates = draw(np.array([4, 2]), 5, 3, all_up_to=5, rng=np.random.default_rng(0))
    assert candidates.columns is None
    assert candidates.answer.tolist() == [4, 2]


def test_a_sample_holds_the_answers_and_as_many_distinct_products_as_asked() -> None:
    rng = np.random.default_rng(0)
    candidates = draw(np.array([70, 3, 70]), 100, 20, all_up_to=50, rng=rng)
    assert candidates.columns is not None
    assert candidates.drawn is not None
    assert candidates.columns[candidates.answer].tolist() == [70, 3, 70]
    assert (np.diff(candidates.columns) > 0).all()
    assert int(candidates.drawn.sum()) == 20
    assert candidates.log_share == pytest.approx(math.log(5))


def test_the_whole_softmax_is_the_mean_over_questions_of_the_mean_over_answers() -> None:
    logits = torch.log(torch.tensor([[1.0, 2.0, 5.0], [4.0, 3.0, 1.0]]))
    question = torch.tensor([0, 0, 1])
    candidates = Candidates(None, torch.tensor([0, 1, 2]))
    expected = -((math.log(1 / 8) + math.log(2 / 8)) / 2 + math.log(1 / 8)) / 2
    assert cross_entropy(logits, question, candidates).item() == pytest.approx(expected)


def test_a_sample_stands_for_all_products_and_its_own_answer_is_no_rival() -> None:
    # Columns: an answer not drawn, an answer that was drawn, one more drawn; 6 products in all.
    logits = torch.log(torch.tensor([[1.0, 2.0, 5.0], [4.0, 3.0, 1.0]]))
    candidates = Candidates(
        np.array([0, 3, 5]),
        torch.tensor([0, 1]),
        torch.tensor([False, True, True]),
        math.log(6 / 2),
    )
    loss = cross_entropy(logits, torch.tensor([0, 1]), candidates)
    # The first is told from 3·(2 + 5), the second, itself drawn, from 3·1.
    assert loss.item() == pytest.approx(-(math.log(1 / 22) + math.log(3 / 6)) / 2)


def test_a_question_without_answers_counts_for_nothing() -> None:
    logits = torch.zeros(3, 4)
    candidates = Candidates(None, torch.tensor([1]))
    loss = cross_entropy(logits, torch.tensor([2]), candidates)
    assert loss.item() == pytest.approx(math.log(4))
