"""Attributes read off what a product's texts say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from ingestion.knowledge.rules import Rule, plain, unhyphened

NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)?")

#: To what values are rounded, once they are in the unit of a rule.
STEP: Final = Decimal("0.01")


class Mined(NamedTuple):
    """An attribute that a rule has read."""

    attribute: str
    value: str
    rule: str


def mine(rules: Sequence[Rule], texts: Mapping[str, str | None]) -> list[Mined]:
    """What the texts of one product say, in order of rules and then of words, each value once.

    A rule believes the first of its fields that says something. Of an attribute that has a single
    value the first is taken.

    Args:
        texts: by field, title and description.
    """
    plainly = {field: plain(text) for field, text in texts.items() if text}
    found: dict[tuple[str, str], Mined] = {}
    settled = set()
    for rule in rules:
        if rule.attribute in settled:
            continue
        for field in rule.fields:
            values = list(dict.fromkeys(_values(rule, plainly.get(field, ""))))
            if values:
                for value in values if rule.several else values[:1]:
                    mined = Mined(rule.attribute, value, rule.name)
                    found.setdefault(mined[:2], mined)
                if not rule.several:
                    settled.add(rule.attribute)
                break
    return list(found.values())


def _values(rule: Rule, text: str) -> Iterator[str]:
    if rule.phrases is not None:
        for match in rule.phrases.finditer(text):
            value = rule.words[unhyphened(match[0])]
            if value is not None:
                yield value
    if rule.pattern is not None:
        for match in rule.pattern.finditer(text):
            if value := _filled(rule, match):
                yield value


def _filled(rule: Rule, match: re.Match[str]) -> str:
    """A rule's template with what its pattern found; empty where an amount is nothing."""
    groups = match.groupdict(default="")
    factor = rule.units.get(plain(groups.get("unit", "")), Decimal(1))
    filled = rule.value
    for name, text in groups.items():
        if NUMBER.fullmatch(text):
            amount = Decimal(text.replace(",", ".")) * factor
            if not amount:
                return ""
            text = f"{amount.quantize(STEP).normalize():f}"
        filled = filled.replace(f"{{{name}}}", text)
    return filled.strip()
