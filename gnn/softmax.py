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
    """The products that a step's answers are told from: all, or the same few for every question.

    Shapes:
        columns: (columns,) int64 products drawn uniformly, ascending; None stands for all
        log_share: ln(products / drawn ones)
    """

    columns: IntArray | None
    log_share: float = 0.0

    def places(self, question: IntArray, product: IntArray) -> tuple[IntArray, IntArray]:
        """Row and column of those pairs whose product is a candidate: (places,) int64 each."""
        if self.columns is None:
            return question, product
        column = np.minimum(np.searchsorted(self.columns, product), len(self.columns) - 1)
        there = self.columns[column] == product
        return question[there], column[there]


def draw(products: int, negatives: int, all_up_to: int, rng: np.random.Generator) -> Candidates:
    """All products where there are at most ``all_up_to``, else ``negatives`` of them."""
    if products <= max(all_up_to, negatives):
        return Candidates(None)
    drawn = np.sort(rng.choice(products, negatives, replace=False)).astype(np.int64)
    return Candidates(drawn, math.log(products / negatives))


def cross_entropy(
    logits: Tensor, own: Tensor, question: IntArray, product: IntArray, candidates: Candidates
) -> Tensor:
    """Mean over questions of the mean over their answers of −ln p(answer).

    Over all products p is the softmax. With a sample, p(a) = eˢᵃ / (eˢᵃ + (products / drawn)
    Σ_drawn eˢ), the question's own answers apart (sampled softmax with the correction of Bengio &
    Senécal, 2008): ``logits`` are overwritten there.

    Shapes:
        logits: (questions, columns); own: (answers,) what each answer scores
        question, product: (answers,) int64, which question each answers with which product
    """
    asked = torch.from_numpy(question).to(logits.device)
    counts = torch.bincount(asked, minlength=len(logits))
    weight = 1.0 / counts[asked]
    if candidates.columns is None:
        log_p = own - torch.logsumexp(logits, dim=1)[asked]
    else:
        logits = never(logits, *candidates.places(question, product))
        rest = torch.logsumexp(logits, dim=1)[asked] + candidates.log_share
        log_p = -F.softplus(rest - own)
    return -(weight * log_p).sum() / counts.count_nonzero().clamp_min(1)


def never(logits: Tensor, row: IntArray, column: IntArray) -> Tensor:
    """The logits, overwritten: what stands at these places is not to be chosen."""
    place = torch.from_numpy(row * logits.shape[1] + column).to(logits.device)
    return logits.view(-1).index_fill_(0, place, NEVER).view(logits.shape)
