"""Training questions: what does this user turn to next, given what came before?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from gnn.histories import Histories, IntArray
from gnn.model import TREND_DAYS, History
from kg.records import NO_TIME

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Questions:
    """Moments in users' histories, and the products they turned to for the first time after.

    Shapes:
        row: (questions,) int64, the user
        start: (questions,) int64, the first event of ``Histories`` that is no longer known
        now: (questions,) int64 milliseconds, ``NO_TIME`` without times
        indptr: (questions + 1,); target: (answers,) int64 products, none twice in a question
    """

    row: IntArray
    start: IntArray
    now: IntArray
    indptr: IntArray
    target: IntArray

    def __len__(self) -> int:
        return len(self.row)

    def take(self, kept: npt.NDArray[np.bool_]) -> Questions:
        """The questions where ``kept`` (questions,) holds."""
        lengths = np.diff(self.indptr)
        return Questions(
            self.row[kept],
            self.start[kept],
            self.now[kept],
            np.concatenate([[0], np.cumsum(lengths[kept])]).astype(np.int64),
            self.target[np.repeat(kept, lengths)],
        )

    def answers(self, which: IntArray) -> tuple[IntArray, IntArray]:
        """Place within ``which`` and product of every answer of these questions."""
        lengths = np.diff(self.indptr)[which]
        place = np.repeat(np.arange(len(which)), lengths)
        ends = np.cumsum(lengths)
        at = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)
        return place, self.target[np.repeat(self.indptr[which], lengths) + at]


def ask(
    histories: Histories,
    target_kind: int,
    horizon_days: float,
    lead_days: float = 0.0,
    seed: int = 0,
) -> Questions:
    """One question for every group of simultaneous events of the target kind.

    With times, it is asked at a random moment of the ``lead_days`` before the group, and the
    answers are what the user turns to within ``horizon_days`` of that moment; without, it is asked
    right before, and the answer is that event alone. Products that the user had turned to before
    are no answers.
    """
    row = histories.row
    of_kind = histories.kind == target_kind
    first = _first_of_pair(row, histories.product, of_kind, histories.num_products)
    if not of_kind.any():
        empty = np.zeros(0, np.int64)
        return Questions(empty, empty, empty, np.zeros(1, np.int64), empty)
    if (histories.time == NO_TIME).any():
        starts = np.flatnonzero(of_kind)
        asked, now, ends = row[starts], histories.time[starts], starts + 1
    else:
        begins = np.ones(len(row), np.bool_)
        begins[1:] = (row[1:] != row[:-1]) | (histories.time[1:] != histories.time[:-1])
        groups = np.flatnonzero(begins)[np.unique((np.cumsum(begins) - 1)[of_kind])]
        asked = row[groups]
        lead = np.random.default_rng(seed).uniform(0, lead_days, len(groups)) * DAY_MS
        now = histories.time[groups] - lead.astype(np.int64)
        starts, ends = _stretch(histories, asked, now, round(horizon_days * DAY_MS))
    lengths = ends - starts
    question = np.repeat(np.arange(len(starts)), lengths)
    shift = np.repeat(np.cumsum(lengths) - lengths, lengths)
    event = np.arange(len(question)) - shift + np.repeat(starts, lengths)
    keep = first[event]
    question, event = question[keep], event[keep]
    counts = np.bincount(question, minlength=len(starts))
    useful = counts > 0
    indptr = np.concatenate([[0], np.cumsum(counts[useful])]).astype(np.int64)
    return Questions(
        row=asked[useful],
        start=starts[useful].astype(np.int64),
        now=now[useful],
        indptr=indptr,
        target=histories.product[event],
    )


def hide(
    histories: Histories, target_kind: int, share: float, rng: np.random.Generator
) -> tuple[Histories, Questions]:
    """One question for every user, for data without order: a part of the products is hidden.

    Each product of a user is hidden with probability ``share``, with all its events; the answers
    are the hidden products of the target kind. A user of whom nothing is left, or nothing of the
    target kind hidden, is not asked.

    Returns:
        The histories without what is hidden, and the questions asked at their ends.
    """
    key = histories.row * histories.num_products + histories.product
    pairs, pair = np.unique(key, return_inverse=True)
    hidden = rng.random(len(pairs)) < share
    seen = histories.keep(~hidden[pair])
    wanted = np.zeros(len(pairs), np.bool_)
    wanted[pair[histories.kind == target_kind]] = True
    asked_row, target = np.divmod(pairs[hidden & wanted], histories.num_products)
    counts = np.bincount(asked_row, minlength=len(histories)) * (seen.lengths > 0)
    row = np.flatnonzero(counts)
    useful = seen.lengths[asked_row] > 0
    return seen, Questions(
        row=row,
        start=seen.indptr[row + 1],
        now=np.full(len(row), NO_TIME),
        indptr=np.concatenate([[0], np.cumsum(counts[row])]).astype(np.int64),
        target=target[useful],
    )


def _stretch(
    histories: Histories, row: IntArray, now: IntArray, span: int
) -> tuple[IntArray, IntArray]:
    """The events of ``row`` from ``now`` on and before ``now + span``: first and past the last."""
    # Rows laid end to end in time, each with room before and after, so that one search does all.
    lowest = min(int(histories.time.min()), int(now.min()))
    width = int(histories.time.max()) - lowest + 2 * span + 2
    laid = histories.row * width + (histories.time - lowest)
    asked = row * width + (now - lowest)
    return np.searchsorted(laid, asked), np.searchsorted(laid, asked + span)


def _first_of_pair(
    row: IntArray, product: IntArray, of_kind: npt.NDArray[np.bool_], num_products: int
) -> npt.NDArray[np.bool_]:
    """Whether an event is the first of the target kind between its user and its product."""
    first = np.zeros(len(row), np.bool_)
    at = np.flatnonzero(of_kind)
    _, earliest = np.unique(row[at] * num_products + product[at], return_index=True)
    first[at[earliest]] = True
    return first


class Past:
    """Histories as questions see them: any stretch of a row, each product once a kind.

    Only the newest of a user's events with one product and kind counts: counting repeats was
    worse wherever products are bought again and again.
    """

    def __init__(self, histories: Histories) -> None:
        self.histories = histories
        self.superseded_at = _superseded_at(histories)

    def events(self, begin: IntArray, end: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """What counts of the events ``begin[q]:end[q]`` of each question, oldest first.

        Shapes:
            returned: the question, the event and how many are newer, (events,) int64 each
        """
        lengths = end - begin
        question = np.repeat(np.arange(len(begin)), lengths)
        starts = np.cumsum(lengths) - lengths
        event = np.arange(len(question)) + np.repeat(begin - starts, lengths)
        newest = self.superseded_at[event] >= end[question]
        question, event = question[newest], event[newest]
        counts = np.bincount(question, minlength=len(begin))
        rank = np.repeat(np.cumsum(counts), counts) - 1 - np.arange(len(question))
        return question, event, rank

    def had(self, begin: IntArray, end: IntArray, kind: int) -> tuple[IntArray, IntArray]:
        """Questions, and products that ``begin[q]:end[q]`` holds an event of: (pairs,) each."""
        question, event, _ = self.events(begin, end)
        of_kind = self.histories.kind[event] == kind
        return question[of_kind], self.histories.product[event[of_kind]]

    def batch(self, begin: IntArray, end: IntArray, now: IntArray, limit: int) -> History:
        """The newest ``limit`` of what counts of ``begin[q]:end[q]`` of each question."""
        question, event, rank = self.events(begin, end)
        kept = rank < limit
        question, event, rank = question[kept], event[kept], rank[kept]
        counts = np.bincount(question, minlength=len(begin))
        time, asked = self.histories.time[event], now[question]
        days = np.where((time == NO_TIME) | (asked == NO_TIME), 0.0, (asked - time) / DAY_MS)
        return History(
            offsets=torch.from_numpy(np.cumsum(counts) - counts),
            product=torch.from_numpy(self.histories.product[event]),
            kind=torch.from_numpy(self.histories.kind[event]),
            rank=torch.from_numpy(rank.astype(np.float32)),
            days=torch.from_numpy(np.maximum(days, 0.0).astype(np.float32)),
        )


def _superseded_at(histories: Histories) -> IntArray:
    """The next event of the same row, product and kind; beyond all events where there is none."""
    events = histories.num_events
    order = np.lexsort((np.arange(events), histories.kind, histories.product, histories.row))
    same = np.ones(max(0, events - 1), np.bool_)
    for values in (histories.row, histories.product, histories.kind):
        same &= values[order][1:] == values[order][:-1]
    following = np.full(events, events, np.int64)
    following[order[:-1][same]] = order[1:][same]
    return following


class Trend:
    """Log popularity of every product at a moment, for three half-lives, from the past alone."""

    def __init__(self, histories: Histories, target_kind: int, step_days: float = 3.5) -> None:
        products = histories.num_products
        chosen = (histories.kind == target_kind) & (histories.time != NO_TIME)
        order = np.argsort(histories.time[chosen], kind="stable")
        time = histories.time[chosen][order]
        product = histories.product[chosen][order]
        self.timed = len(time) > 0
        self.step = step_days * DAY_MS
        self.origin = int(time[0]) if self.timed else 0
        count = int((time[-1] - self.origin) // self.step) + 2 if self.timed else 1
        self.first_sold = np.full(products, np.iinfo(np.int64).max)
        np.minimum.at(self.first_sold, product, time)
        decay = 0.5 ** (step_days / np.asarray(TREND_DAYS))
        popularity = np.zeros((products, len(TREND_DAYS)))
        snapshots = np.zeros((count, products, len(TREND_DAYS)), np.float32)
        bounds = np.searchsorted(time, self.origin + np.arange(count) * self.step)
        for snapshot in range(count):
            if snapshot:
                popularity *= decay
                sold = product[bounds[snapshot - 1] : bounds[snapshot]]
                popularity += np.bincount(sold, minlength=products)[:, None] * decay**0.5
            # A rate a week, so that half-lives compare; one sale in twenty weeks as the floor.
            weekly = popularity * np.log(2) * 7 / np.asarray(TREND_DAYS)
            snapshots[snapshot] = np.log(weekly + 0.05) - np.log(0.05)
        self.snapshots = torch.from_numpy(snapshots)

    def at(self, now: IntArray) -> torch.Tensor:
        """The snapshot before each moment: (moments,) int64, rows of ``snapshots``."""
        if not self.timed:
            return torch.zeros(len(now), dtype=torch.long)
        index = np.where(now == NO_TIME, len(self.snapshots) - 1, (now - self.origin) // self.step)
        return torch.from_numpy(np.clip(index, 0, len(self.snapshots) - 1).astype(np.int64))

    def unsold(self, now: IntArray, columns: IntArray | None = None) -> npt.NDArray[np.bool_]:
        """Products, or the given ones, that had not been sold by then: (moments, products)."""
        first = self.first_sold if columns is None else self.first_sold[columns]
        if not self.timed:
            return np.zeros((len(now), len(first)), np.bool_)
        return first[None, :] >= now[:, None]
