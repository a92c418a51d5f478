"""What the simulated shop sells and the words for it, read from the TOML files of this folder."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

LANGUAGES: Final = ("en", "zh")


@dataclass(frozen=True)
class ProductType:
    """A leaf of the category tree: what its products cost and what is wanted after them."""

    key: str
    path: tuple[str, ...]
    price: float
    weight: float
    materials: tuple[str, ...]
    next: tuple[str, ...]
    peak: int | None = None
    several: bool = False
    repeat: bool = False
    also: tuple[str, ...] = ()

    @property
    def top(self) -> str:
        """The department that the type is sold in."""
        return self.path[0]


@dataclass(frozen=True)
class Brand:
    """A maker: its departments, and its prices beside the others'."""

    key: str
    tops: tuple[str, ...]
    tier: float


@dataclass(frozen=True)
class Structure:
    """Everything about the shop's range that no language changes."""

    types: tuple[ProductType, ...]
    brands: tuple[Brand, ...]
    colours: tuple[str, ...]
    styles: tuple[str, ...]
    tags: tuple[str, ...]
    themes: tuple[str, ...]
    materials: tuple[str, ...]

    @property
    def tops(self) -> tuple[str, ...]:
        """The departments, in the order of the file."""
        return tuple(dict.fromkeys(t.top for t in self.types))


@dataclass(frozen=True)
class TypeWords:
    """The words for one product type."""

    category: str
    noun: str
    features: tuple[str, ...]


@dataclass(frozen=True)
class ThemeWords:
    """The many ways in which one theme is spoken of; its own name is in none of the tables."""

    motifs: tuple[str, ...]
    lines: tuple[str, ...]
    searches: tuple[str, ...]


@dataclass(frozen=True)
class Words:
    """One language: every tuple is in the order of the structure's keys."""

    title: str
    title_end: str
    price_unit: float
    price_end: float
    types: tuple[TypeWords, ...]
    themes: tuple[ThemeWords, ...]
    brands: tuple[str, ...]
    colours: tuple[str, ...]
    styles: tuple[str, ...]
    tags: tuple[str, ...]
    materials: tuple[str, ...]
    places: dict[str, str]
    attribute: dict[str, str]
    ages: tuple[str, ...]
    cities: tuple[str, ...]
    name: str
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    review_titles: tuple[tuple[str, ...], ...]
    review_texts: tuple[tuple[str, ...], ...]


def read_structure() -> Structure:
    """Read the shop's range."""
    raw = _read("structure.toml")
    lists = {k: tuple(raw[k]) for k in ("colours", "styles", "tags", "themes", "materials")}
    return Structure(
        types=tuple(
            ProductType(key=key, **{k: _frozen(v) for k, v in entry.items()})
            for key, entry in raw["types"].items()
        ),
        brands=tuple(
            Brand(key=key, tops=tuple(entry["tops"]), tier=entry["tier"])
            for key, entry in raw["brands"].items()
        ),
        **lists,
    )


def read_words(language: str, structure: Structure) -> Words:
    """Read one language's words, in the order of the structure.

    Raises:
        ValueError: the language is none of ``LANGUAGES``.
    """
    if language not in LANGUAGES:
        raise ValueError(f"Unknown language {language!r}: choose one of {', '.join(LANGUAGES)}")
    raw = _read(f"words_{language}.toml")
    values = raw["values"]
    types = [raw["types"][t.key] for t in structure.types]
    return Words(
        title=raw["title"],
        title_end=raw["title_end"],
        price_unit=raw["price_unit"],
        price_end=raw["price_end"],
        types=tuple(TypeWords(t["category"], t["noun"], tuple(t["features"])) for t in types),
        themes=tuple(
            ThemeWords(**{k: tuple(v) for k, v in raw["themes"][key].items()})
            for key in structure.themes
        ),
        brands=tuple(raw["brands"][b.key] for b in structure.brands),
        colours=tuple(values["colour"][k] for k in structure.colours),
        styles=tuple(values["style"][k] for k in structure.styles),
        tags=tuple(values["tags"][k] for k in structure.tags),
        materials=tuple(values["material"][k] for k in structure.materials),
        places=raw["places"],
        attribute=raw["attribute"],
        ages=tuple(raw["ages"]),
        cities=tuple(raw["cities"]),
        name=raw["name"],
        first_names=tuple(raw["first_names"]),
        last_names=tuple(raw["last_names"]),
        review_titles=tuple(tuple(raw[f"reviews_{m}"]) for m in ("poor", "fair", "good")),
        review_texts=tuple(tuple(raw[f"review_{m}"]) for m in ("poor", "fair", "good")),
    )


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
