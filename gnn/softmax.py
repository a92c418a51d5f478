"""The softmax of training: over all products where they are few, else over a shared sample."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from gnn.histories import IntArray

#: Stands for what is no candidate: far below any score, and still finite.
NEVER = -1e9


@dataclass(frozen=True)
class Candidates:
    """The products that a step's questions choose among.

    ``columns`` None stands for all of them. Otherwise they are the answers of the step and
    products drawn uniformly, the same for all its questions; an answer of another question counts
    against a question only where it was drawn, too.

    Shapes:
        columns: (columns,) int64 products, ascending
        answer: (answers,) int64, where each answer stands among the columns
        drawn: (columns,) bool; ``log_share`` = ln(products / drawn ones)
    """

    columns: IntArray | None
    answer: Tensor
    drawn: Tensor | None = None
    log_share: float = 0.0


def draw(
    answers: IntArray, products: int, negatives: int, all_up_to: int, rng: np.random.Generator
) -> Candidates:
    """All products where there are at most ``all_up_to``, else the answers and ``negatives``."""
    if products <= max(all_up_to, negatives):
        return Candidates(None, torch.from_numpy(answers))
    drawn = rng.choice(products, negatives, replace=False)
    columns, place = np.unique(np.concatenate([answers, drawn]), return_inverse=True)
    is_drawn = np.zeros(len(columns), np.bool_)
    is_drawn[place[len(answers) :]] = True
    return Candidates(
        columns.astype(np.int64),
        torch.from_numpy(place[: len(answers)].astype(np.int64)),
        torch.from_numpy(is_drawn),
        math.log(products / negatives),
    )


def cross_entropy(logits: Tensor, question: Tensor, candidates: Candidates) -> Tensor:
    """Mean over questions of the mean over their answers of −ln p(answer).

    With a sample, p(a) = eˢᵃ / (eˢᵃ + (products / drawn) Σ_drawn eˢ), the question's own answers
    apart (sampled softmax with the correction of Bengio & Senécal, 2008).

    Shapes:
        logits: (questions, columns); question: (answers,) int64, which question each answers
    """
    answer = candidates.answer.to(logits.device)
    counts = torch.bincount(question, minlength=len(logits))
    weight = 1.0 / counts[question]
    own = logits[question, answer]
    if candidates.drawn is None:
        log_p = own - torch.logsumexp(logits, dim=1)[question]
    else:
        correction = torch.where(candidates.drawn, candidates.log_share, NEVER).to(logits)
        others = (logits + correction).index_put((question, answer), torch.full_like(own, NEVER))
        rest = torch.logsumexp(others, dim=1)[question]
        log_p = -F.softplus(rest - own)
    return -(weight * log_p).sum() / counts.count_nonzero().clamp_min(1)
