"""Writes what people read in the simulated shop: products, profiles, searches and reviews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from shopgraph.simulation.catalogue import Catalogue
from shopgraph.simulation.events import Events
from shopgraph.simulation.sampling import IntArray
from shopgraph.simulation.vocabulary import Structure, TypeWords, Words

MATERIAL_IN_TITLE = 0.7
COLOUR_IN_TITLE = 0.75
ALSO_SHARE = 0.5
TWICE_SHARE = 0.5  # of products: the theme has a second sentence


def titles(rng: np.random.Generator, words: Words, catalogue: Catalogue) -> list[str]:
    """Title every product; a title already taken also names the brand."""
    n = len(catalogue)
    says_material = rng.random(n) < MATERIAL_IN_TITLE
    says_colour = (rng.random(n) < COLOUR_IN_TITLE) | (catalogue.variant_of >= 0)
    result: list[str] = []
    taken: set[str] = set()
    for p in range(n):
        colour = words.title_end.format(colour=words.colours[catalogue.colour[p]])
        title = words.title.format(
            motif=words.themes[catalogue.theme[p]].motifs[catalogue.motif[p]],
            material=words.materials[catalogue.material[p]] if says_material[p] else "",
            noun=words.types[catalogue.type[p]].noun,
            end=colour if says_colour[p] else "",
        ).replace("  ", " ")
        if title in taken:
            title = f"{words.brands[catalogue.brand[p]]} {title}"
        taken.add(title)
        result.append(title)
    return result


def descriptions(rng: np.random.Generator, words: Words, catalogue: Catalogue) -> list[str]:
    """Describe every product: a sentence of its theme's, one of its type's, often one more."""
    space = " " if words.title.count(" ") else ""
    result = []
    draws = rng.random((len(catalogue), 3))
    for p, (first, second, third) in enumerate(draws):
        kind = words.types[catalogue.type[p]]
        lines = words.themes[catalogue.theme[p]].lines
        opening = int(first * len(lines))
        sentences = [lines[opening], _pick(kind.features, second)]
        if third < TWICE_SHARE:
            sentences.append(lines[(opening + 1) % len(lines)])
        result.append(space.join(sentences).format(noun=kind.noun.lower()))
    return result


def categories(
    rng: np.random.Generator, structure: Structure, words: Words, catalogue: Catalogue
) -> list[str]:
    """Place every product in the tree, some in two places."""
    paths = []
    for kind, kind_words in zip(structure.types, words.types, strict=True):
        home = _path(words.places, kind.path, kind_words)
        paths.append((home, _path(words.places, kind.also, kind_words) if kind.also else ""))
    twice = rng.random(len(catalogue)) < ALSO_SHARE
    return [
        f"{paths[t][0]}|{paths[t][1]}" if also and paths[t][1] else paths[t][0]
        for t, also in zip(catalogue.type, twice, strict=True)
    ]


def attributes(words: Words, catalogue: Catalogue) -> list[str]:
    """Write every product's attributes as name=value, and its tag bare."""
    names = words.attribute
    colours = [f"{names['colour']}={v}" for v in words.colours]
    materials = [f"{names['material']}={v}" for v in words.materials]
    styles = [f"{names['style']}={v}" for v in words.styles]
    codes = zip(catalogue.colour, catalogue.material, catalogue.style, catalogue.tag, strict=True)
    return [
        "|".join([colours[c], materials[m], styles[s], *([words.tags[t]] if t >= 0 else [])])
        for c, m, s, t in codes
    ]


def names(rng: np.random.Generator, words: Words, users: int) -> list[str]:
    """Name every user; names repeat, as they do."""
    first = rng.integers(len(words.first_names), size=users)
    last = rng.integers(len(words.last_names), size=users)
    return [
        words.name.format(first=words.first_names[f], last=words.last_names[g])
        for f, g in zip(first, last, strict=True)
    ]


def queries(
    rng: np.random.Generator, words: Words, catalogue: Catalogue, products: IntArray
) -> list[str]:
    """Write what somebody who ended at each product may have typed."""
    form = rng.choice(5, size=len(products), p=(0.3, 0.35, 0.15, 0.1, 0.1))
    draws = rng.random(len(products))
    result = []
    for p, f, draw in zip(products, form, draws, strict=True):
        noun = words.types[catalogue.type[p]].noun
        theme = _pick(words.themes[catalogue.theme[p]].searches, draw)
        before = (
            "",
            theme,
            words.colours[catalogue.colour[p]],
            words.materials[catalogue.material[p]],
            words.brands[catalogue.brand[p]],
        )[f]
        result.append(f"{before} {noun}".strip().lower())
    return result


def reviews(
    rng: np.random.Generator, words: Words, catalogue: Catalogue, events: Events, rows: IntArray
) -> tuple[list[str], list[str]]:
    """Write the title and text of the review behind each rating of ``rows``."""
    heads, texts = [], []
    draws = rng.random((len(rows), 2))
    for row, (first, second) in zip(rows, draws, strict=True):
        mood = 0 if events.rating[row] < 3 else 1 if events.rating[row] == 3 else 2
        p = events.product[row]
        heads.append(_pick(words.review_titles[mood], first))
        text = _pick(words.review_texts[mood], second).format(
            noun=words.types[catalogue.type[p]].noun.lower(),
            colour=words.colours[catalogue.colour[p]].lower(),
            material=words.materials[catalogue.material[p]].lower(),
        )
        texts.append(text)
    return heads, texts


def _path(places: Mapping[str, str], keys: Sequence[str], words: TypeWords) -> str:
    return " > ".join([*(places[k] for k in keys), words.category])


def _pick(choices: Sequence[str], draw: float) -> str:
    return choices[int(draw * len(choices))]
