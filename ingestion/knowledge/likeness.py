"""Which names look like one another, and whether that is enough to take them for one.

Edit distance alone does not tell names apart: among 1,413 real names of brands and categories,
Avlon and Avalon, Smead and Mead, Lotions and Motions differ in a letter and are different things.
So a near name is taken only where one letter of a long name differs; the rest is told to a person.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from ingestion.knowledge.names import company_form, is_alphabetic

#: Similarity, 1 - edits / letters, from which a misspelt word is taken for what it is.
SAME: Final = 0.9

#: Similarity from which a pair is worth a person's look.
ALIKE: Final = 0.8

#: Letters that a misspelt word has at least.
LONG_WORD: Final = 5

#: Letters that a name has at least whose spaces may be left out.
LONG_NAME: Final = 6

#: Letters at the beginning that names must share to be compared at all.
BEGINNING: Final = 2

#: Names compared at once with all others of their block.
ROWS: Final = 1_000


class Likeness(NamedTuple):
    """How sure it is, up to 1, that two names are one, and by which rule."""

    score: float
    rule: str


EXACT: Final = Likeness(1.0, "exact")
SPACING: Final = Likeness(0.97, "spacing")
COMPANY: Final = Likeness(0.95, "company")

Near = dict[str, dict[str, Likeness]]


def compare(kind: str, forms: Sequence[str]) -> tuple[Near, dict[tuple[str, str], float]]:
    """Compare different normal forms of one kind, brand or attribute.

    Attributes are compared with those of the same name only, by their values; numbers never differ
    between names that are alike.

    Returns:
        The forms that are one with each form, and the similarity of pairs that a person may judge.
    """
    near: Near = {form: {} for form in forms}
    alike: dict[tuple[str, str], float] = {}

    def join(one: str, other: str, likeness: Likeness) -> None:
        if near[one].get(other, likeness) <= likeness:
            near[one][other] = near[other][one] = likeness

    for one, other, score in _similar(kind, forms):
        if _misspelt(one, other) and score >= SAME:
            join(one, other, Likeness(score, "misspelt"))
        elif _numbers(one) == _numbers(other):
            alike[one, other] = score
    for key, likeness in {_squeezed: SPACING, company_form: COMPANY}.items():
        if key is _squeezed or kind == "brand":
            same = defaultdict(list)
            for form in forms:
                same[key(form)].append(form)
            for short, group in same.items():
                if len(short) >= LONG_NAME or key is company_form:
                    for one, other in combinations(group, 2):
                        join(one, other, likeness)
    return near, {pair: score for pair, score in alike.items() if pair[1] not in near[pair[0]]}


def _similar(kind: str, forms: Sequence[str]) -> Iterator[tuple[str, str, float]]:
    """Pairs of forms that begin alike and are at least ``ALIKE``, each once, in order."""
    blocks = defaultdict(list)
    for form in forms:
        name, mark, value = form.partition("=") if kind == "attribute" else ("", "", form)
        text = value if mark or kind == "brand" else name
        if len(text) >= BEGINNING:
            blocks[name if mark else "", text[:BEGINNING]].append((form, text))
    for block in blocks.values():
        texts = [text for _, text in block]
        for start in range(0, len(block), ROWS):
            rows = texts[start : start + ROWS]
            scores = process.cdist(
                rows, texts, scorer=OSA.normalized_similarity, score_cutoff=ALIKE, dtype=np.float32
            )
            for i, j in zip(*np.nonzero(scores), strict=True):
                if start + i < j:
                    yield block[start + i][0], block[j][0], round(float(scores[i, j]), 3)


def _misspelt(one: str, other: str) -> bool:
    """Whether one long word of letters differs in one edit, and all else is equal."""
    words = one.replace("=", " = ").split(), other.replace("=", " = ").split()
    if len(words[0]) != len(words[1]):
        return False
    differing = [pair for pair in zip(*words, strict=True) if pair[0] != pair[1]]
    if len(differing) != 1:
        return False
    a, b = differing[0]
    return (
        min(len(a), len(b)) >= LONG_WORD
        and a[0] == b[0]
        and is_alphabetic(a + b)
        and OSA.distance(a, b) == 1
    )


def _numbers(form: str) -> list[str]:
    """What of a name has digits in it."""
    return [word for word in form.split() if any(map(str.isdigit, word))]


def _squeezed(form: str) -> str:
    return form.replace(" ", "")
