"""Attributes of all products, read anew off their texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ingestion.knowledge.mining import mine
from ingestion.knowledge.names import attribute_form, normal_form
from ingestion.knowledge.rules import Rule
from kg.connection import Graph
from kg.knowledge.mined import (
    Change,
    MiningText,
    finish_mining,
    read_mining_texts,
    write_mined,
)
from kg.knowledge.names import Name, read_names


@dataclass(frozen=True)
class MiningReport:
    """How many products were read, what they have mined now, by attribute, and what changed."""

    products: int
    mined: dict[str, int]
    new: int
    gone: int


def mine_attributes(
    graph: Graph, rules: Sequence[Rule], progress: Callable[[int], None] | None = None
) -> MiningReport:
    """Make the mined attributes those that the rules read now; what was given stays.

    Nothing is mined of an attribute that the product's source has given. What is mined joins the
    attribute that is written like it, its aliases included. Equal ones are left alone, so a second
    run writes nothing.
    """
    known = _Known(read_names(graph, "attribute"))
    also = {rule.attribute: (rule.attribute, *rule.also) for rule in rules}
    products = new = 0
    gone: list[str] = []
    mined: Counter[str] = Counter()
    for page in read_mining_texts(graph):
        changes = []
        for product in page:
            wanted = _wanted(product, rules, also, known)
            mined.update(key.partition("=")[0] for key in wanted)
            lost = [key for key, rule in product.mined.items() if wanted.get(key) != rule]
            added = {k: rule for k, rule in wanted.items() if product.mined.get(k) != rule}
            if lost or added:
                changes.append(Change(product.idx, lost, added))
                gone += lost
                new += len(added)
        if changes:
            write_mined(graph, changes)
        products += len(page)
        if progress is not None:
            progress(len(page))
    finish_mining(graph, sorted(set(gone)))
    return MiningReport(products, dict(sorted(mined.items())), new, len(gone))


def _wanted(
    product: MiningText,
    rules: Sequence[Rule],
    also: Mapping[str, tuple[str, ...]],
    known: _Known,
) -> dict[str, str]:
    """The keys that a product's texts say and its source does not, each with its rule."""
    given = {normal_form(key.partition("=")[0]) for key in product.given if "=" in key}
    texts = {"title": product.title, "description": product.description}
    wanted: dict[str, str] = {}
    for attribute, value, rule in mine(rules, texts):
        names = also[attribute]
        if given.isdisjoint(map(normal_form, names)):
            wanted.setdefault(known.key(names, value), rule)
    return wanted


class _Known:
    """The attributes that the graph has, by their normal forms."""

    def __init__(self, names: Sequence[Name]) -> None:
        self._canonical = {name.name: name.canonical or name.name for name in names}
        # Where a person has parted names of one form, the commonest stands for it.
        ranked = sorted(names, key=lambda name: (name.products, name.name))
        self._by_form = {attribute_form(name.name): name.name for name in ranked}

    def key(self, attributes: Sequence[str], value: str) -> str:
        """The key under which the graph has a value of any of these attributes, else a new one."""
        new = f"{attributes[0]}={value}"
        if new in self._canonical:
            return self._canonical[new]
        for attribute in attributes:
            if name := self._by_form.get(attribute_form(f"{attribute}={value}")):
                return self._canonical[name]
        return new
