"""Draws the simulated shop's products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shopgraph.simulation.sampling import (
    DAYS,
    BoolArray,
    Float32Array,
    FloatArray,
    IntArray,
)
from shopgraph.simulation.vocabulary import Structure

LATE_SHARE = 0.22
VARIANT_SHARE = 0.12
DELISTED_SHARE = 0.02
SOLD_OUT_SHARE = 0.04
PRICE_SPREAD = 0.4


@dataclass(frozen=True)
class Catalogue:
    """Products as codes: positions in the structure's lists.

    Shapes:
        every array: (products,); days count from the start and may be negative
    """

    type: IntArray
    brand: IntArray
    colour: IntArray
    material: IntArray
    style: IntArray
    theme: IntArray
    motif: IntArray
    tag: IntArray  # -1: none
    variant_of: IntArray  # -1: none
    price: FloatArray  # euros
    price_level: FloatArray  # beside the others of its type, in standard deviations
    appeal: FloatArray  # liked by all
    created: FloatArray
    ended: FloatArray  # last day on sale; inf: still sold
    delisted: BoolArray
    stock: IntArray
    trend_day: FloatArray
    trend: FloatArray

    def __len__(self) -> int:
        return len(self.type)

    def features(self, structure: Structure) -> Float32Array:
        """Everything that tastes differ about, one column a value.

        Shapes:
            returned: (products, ``feature_sizes(structure)`` summed)
        """
        codes = (self.brand, self.colour, self.material, self.style, self.theme)
        blocks = [
            np.eye(size, dtype=np.float32)[code]
            for code, size in zip(codes, feature_sizes(structure)[:-1], strict=True)
        ]
        level = self.price_level.astype(np.float32)
        return np.concatenate([*blocks, np.stack([level, -0.5 * level**2], axis=1)], axis=1)


def feature_sizes(structure: Structure) -> tuple[int, int, int, int, int, int]:
    """How many columns brand, colour, material, style, theme and price take."""
    s = structure
    return len(s.brands), len(s.colours), len(s.materials), len(s.styles), len(s.themes), 2


def draw_catalogue(rng: np.random.Generator, structure: Structure, products: int) -> Catalogue:
    """Draw products: most on sale from the start, some later, some variants of another."""
    n = products
    types = structure.types
    weights = np.sqrt([t.weight for t in types])
    type_ = rng.choice(len(types), size=n, p=weights / weights.sum())
    brand = _pick_of(rng, type_, _brands_of_types(structure))
    material_codes = {key: code for code, key in enumerate(structure.materials)}
    material = _pick_of(rng, type_, [[material_codes[m] for m in t.materials] for t in types])
    style = rng.integers(len(structure.styles), size=n)
    theme = rng.integers(len(structure.themes), size=n)
    motif = rng.integers(12, size=n)
    noise = rng.normal(0, PRICE_SPREAD, size=n)
    variant_of = _variants(rng, type_)
    for code in (brand, material, style, theme, motif, noise):
        code[variant_of >= 0] = code[variant_of[variant_of >= 0]]

    colour = rng.integers(len(structure.colours), size=n)
    turn = rng.integers(1, len(structure.colours), size=n)
    recoloured = (colour[variant_of] + turn) % len(structure.colours)
    colour = np.where(variant_of >= 0, recoloured, colour)

    tiers = np.log([b.tier for b in structure.brands])[brand]
    level = tiers + noise
    price = np.array([t.price for t in types])[type_] * np.exp(level)
    created, ended, delisted, stock = _time_on_sale(rng, n)
    return Catalogue(
        type=type_,
        brand=brand,
        colour=colour,
        material=material,
        style=style,
        theme=theme,
        motif=motif,
        tag=np.where(rng.random(n) < 0.3, rng.integers(len(structure.tags), size=n), -1),
        variant_of=variant_of,
        price=price,
        price_level=(level - level.mean()) / max(level.std(), 1e-9),
        appeal=rng.normal(0, 1, size=n),
        created=created,
        ended=ended,
        delisted=delisted,
        stock=stock,
        trend_day=rng.uniform(0, DAYS, size=n),
        trend=np.where(rng.random(n) < 0.2, rng.uniform(0.5, 1.5, size=n), 0.0),
    )


def draw_relations(
    rng: np.random.Generator, structure: Structure, catalogue: Catalogue
) -> list[tuple[int, str, int]]:
    """Relate variants, and a brand's products that are used together."""
    variants = np.flatnonzero(catalogue.variant_of >= 0)
    relations = [(int(p), "variant_of", int(catalogue.variant_of[p])) for p in variants]
    codes = {t.key: code for code, t in enumerate(structure.types)}
    groups: dict[tuple[int, int], list[int]] = {}
    for product, group in enumerate(zip(catalogue.type, catalogue.brand, strict=True)):
        groups.setdefault((int(group[0]), int(group[1])), []).append(product)
    for (type_, brand), members in groups.items():
        for other in structure.types[type_].next:
            if partners := groups.get((codes[other], brand)):
                drawn = rng.choice(partners, size=len(members))
                relations += [(p, "used_with", int(q)) for p, q in zip(members, drawn, strict=True)]
    return sorted(relations)


def _brands_of_types(structure: Structure) -> list[list[int]]:
    return [
        [code for code, brand in enumerate(structure.brands) if t.top in brand.tops]
        for t in structure.types
    ]


def _pick_of(rng: np.random.Generator, rows: IntArray, choices: list[list[int]]) -> IntArray:
    sizes = np.array([len(c) for c in choices])
    table = np.array([c + [0] * (sizes.max() - len(c)) for c in choices])
    columns = (rng.random(len(rows)) * sizes[rows]).astype(np.int64)
    picked: IntArray = table[rows, columns]
    return picked


def _variants(rng: np.random.Generator, type_: IntArray) -> IntArray:
    """Make some products a variant of an earlier one of their type that is none itself."""
    wanted = rng.random(len(type_)) < VARIANT_SHARE
    result = np.full(len(type_), -1, dtype=np.int64)
    last: dict[int, int] = {}
    for product, kind in enumerate(type_.tolist()):
        if wanted[product] and kind in last:
            result[product] = last.pop(kind)
        else:
            last[kind] = product
    return result


def _time_on_sale(
    rng: np.random.Generator, n: int
) -> tuple[FloatArray, FloatArray, BoolArray, IntArray]:
    """Draw when products appear and end. One product alone is sold all the time."""
    order = rng.permutation(n)
    late = order[: int(LATE_SHARE * n)]
    leaving = order[::-1][: int((DELISTED_SHARE + SOLD_OUT_SHARE) * n)]
    delisted = np.zeros(n, dtype=np.bool_)
    delisted[leaving[: int(DELISTED_SHARE * n)]] = True
    # Products appear on working mornings.
    created = np.floor(rng.uniform(-700, -30, size=n)) + 8 / 24
    created[late] = np.floor(rng.uniform(3, DAYS - 2, size=len(late))) + 8 / 24
    ended = np.full(n, np.inf)
    ended[leaving] = rng.uniform(DAYS - 45, DAYS - 3, size=len(leaving))
    ended[delisted] = rng.uniform(90, DAYS - 35, size=int(delisted.sum()))
    stock = rng.negative_binomial(2, 0.04, size=n) + 1
    stock[leaving] = 0
    return created, ended, delisted, stock
