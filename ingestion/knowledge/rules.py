"""Rules for reading attributes off texts: those shipped, and a user's own file beside them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import yaml

from ingestion.errors import SourceError

SHIPPED: Final = Path(__file__).with_name("rules.yaml")

#: Parts of a product's text that a rule may look at.
FIELDS: Final = ("title", "description")


#: What a rule may say.
PARTS: Final = frozenset(
    ("attribute", "also", "in", "several", "words", "not", "pattern", "units", "value")
)

#: A letter or digit of a writing that puts spaces between words.
LETTER: Final = "[0-9a-z\u00df-\u024f\u0370-\u052f]"


@dataclass(frozen=True)
class Rule:
    """One way to read an attribute off a text: by words, or by a pattern with a template.

    ``words`` maps each word to the value it says, None for a phrase in which its words say
    something else; ``phrases`` finds them all.
    """

    name: str
    attribute: str
    also: tuple[str, ...]
    fields: tuple[str, ...]
    several: bool
    words: Mapping[str, str | None]
    phrases: re.Pattern[str] | None
    pattern: re.Pattern[str] | None
    units: Mapping[str, Decimal]
    value: str


def load_rules(own: Path | None = None) -> list[Rule]:
    """The shipped rules with a user's file beside them, in order of writing.

    Raises:
        SourceError: a file cannot be read, or a rule says nothing that can be done.
    """
    written = _read(SHIPPED)
    for name, entry in ({} if own is None else _read(own)).items():
        if entry.pop("skip", False):
            written.pop(name, None)
        else:
            written[name] = _joined(written.get(name, {}), entry)
    rules = []
    for name, entry in written.items():
        try:
            rules.append(_rule(name, entry))
        except (ValueError, TypeError, AttributeError, re.error) as error:
            raise SourceError(f"{own or SHIPPED}: rule {name}: {error}") from error
    return rules


def _joined(shipped: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """A rule with a user's words and phrases beside its own, and their other parts instead."""
    entry = shipped | own
    for part in ("words", "not"):
        if part in shipped and part in own and type(shipped[part]) is type(own[part]):
            both = shipped[part], own[part]
            entry[part] = _words_joined(*both) if part == "words" else [*both[0], *both[1]]
    return entry


def _words_joined(shipped: dict[Any, Any], own: dict[Any, Any]) -> dict[Any, list[Any]]:
    values = dict.fromkeys((*shipped, *own))
    return {v: [*(shipped.get(v) or []), *(own.get(v) or [])] for v in values}


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(found, dict) or not all(isinstance(e, dict) for e in found.values()):
        raise SourceError(f"{path}: rules are written as NAME, a colon, and below it their parts")
    return {str(name): entry for name, entry in found.items()}


def _rule(name: str, entry: dict[str, Any]) -> Rule:
    """A rule as written, checked.

    Raises:
        ValueError: naming what is wrong.
    """
    if unknown := sorted(entry.keys() - PARTS):
        raise ValueError(f"no part {unknown[0]!r}: there are {', '.join(sorted(PARTS))}")
    attribute = str(entry.get("attribute", "")).strip()
    if not attribute or "=" in attribute or "|" in attribute:
        raise ValueError(f"attribute must be a name without = and | (got {attribute!r})")
    fields = tuple(entry.get("in", FIELDS[:1]))
    if not fields or set(fields) - set(FIELDS):
        raise ValueError(f"in must name {' or '.join(FIELDS)} (got {entry.get('in')!r})")
    words = _words(entry.get("words") or {}, entry.get("not") or [])
    pattern = re.compile(str(entry["pattern"]), re.IGNORECASE) if "pattern" in entry else None
    if pattern is None and not any(words.values()):
        raise ValueError("neither words nor a pattern")
    value = str(entry.get("value", ""))
    if pattern is not None:
        groups = set(re.findall(r"\{(\w*)\}", value))
        if not groups or groups - pattern.groupindex.keys():
            raise ValueError(f"value must name groups of the pattern (got {value!r})")
    return Rule(
        name=name,
        attribute=attribute,
        also=tuple(map(str, entry.get("also", ()))),
        fields=fields,
        several=bool(entry.get("several", True)),
        words=words,
        phrases=compile_words(words),
        pattern=pattern,
        units={plain(unit): Decimal(str(much)) for unit, much in entry.get("units", {}).items()},
        value=value,
    )


def _words(values: Mapping[str, Any], silent: list[Any]) -> dict[str, str | None]:
    """Each word with what it says; a value is a word for itself."""
    if not isinstance(values, Mapping):
        raise ValueError(f"words are written as VALUE: [word, word] (got {values!r})")
    words: dict[str, str | None] = {}
    for value, others in values.items():
        own = [] if is_character(str(value)) else [value]
        words |= {unhyphened(plain(word)): str(value) for word in (*own, *(others or []))}
    return words | {unhyphened(plain(phrase)): None for phrase in silent}


def compile_words(words: Collection[str]) -> re.Pattern[str] | None:
    """A pattern that finds any of these words, at one place the longest.

    Raises:
        ValueError: a word is a single Chinese character, which says nothing by itself.
    """
    spelt: list[str] = []
    others: list[str] = []
    for word in sorted(words, key=lambda word: (-len(word), word)):
        if not word or is_character(word):
            raise ValueError(f"{word!r} is in too many other words")
        text = r"[\s-]+".join(map(re.escape, word.split()))
        (spelt if re.match(LETTER, word[0]) else others).append(text)
    # One look around for all words that stand alone is several times as fast as one for each.
    alone = [rf"(?<!{LETTER})(?:{'|'.join(spelt)})(?!{LETTER})"] if spelt else []
    return re.compile("|".join([*alone, *others])) if alone or others else None


def is_character(word: str) -> bool:
    """Whether a word is one character of a writing that puts no spaces between words."""
    return len(word) == 1 and not word.isascii() and re.match(LETTER, plain(word)) is None


def unhyphened(words: str) -> str:
    """Words with a space wherever a space or a hyphen stands between them."""
    return " ".join(re.split(r"[\s-]+", words)).strip()


def plain(text: object) -> str:
    """Text as words are looked for in it: compatible characters one, no capitals, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", str(text)).casefold().split())
