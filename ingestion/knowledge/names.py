"""Names of brands and attributes as they compare: one form for all the ways of writing a name."""

from __future__ import annotations

import html
import unicodedata
from typing import Final

APOSTROPHES: Final = frozenset("'’‘ʼ`´′")

#: Letters that Unicode does not take apart into a letter and an accent.
WHOLE: Final = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "ı": "i", "&": " and "}
)

#: Writings whose accents may be left out; elsewhere a mark is a vowel, or makes another letter.
ACCENTED: Final = ("LATIN", "GREEK")

#: Writings whose words are spelt; in others a character may be a word of its own.
ALPHABETS: Final = ("LATIN", "GREEK", "CYRILLIC")

#: Signs that tell names apart: C and C++, A and A+, 5 and 5 %.
SIGNS: Final = frozenset("+#%$€£°")

#: Part of a number where digits stand on both sides: 1.5, 3/4, 4-6.
IN_NUMBERS: Final = frozenset(".,/*-:")

#: Endings that say what kind of company a brand's is, and nothing of the brand.
COMPANIES: Final = frozenset(
    ("inc", "incorporated", "llc", "ltd", "limited", "corp", "corporation", "gmbh", "plc", "srl")
)


def normal_form(name: str) -> str:
    """The form in which two ways of writing one name are equal.

    HTML entities are read, compatible characters made one (NFKC), letter case is folded, accents
    of Latin and Greek letters and all apostrophes are left out, ``&`` is read as "and" and other
    punctuation as a space. Numbers and signs such as + and % stay: they tell names apart. A name
    without any letter, digit or sign stays as it is.
    """
    text = unicodedata.normalize("NFKC", html.unescape(name)).casefold()
    text = unicodedata.normalize("NFKC", _without_accents(text).translate(WHOLE)).casefold()
    words = "".join(_kept(text, at) for at in range(len(text))).split()
    return " ".join(words) or " ".join(name.split())


def attribute_form(key: str) -> str:
    """The normal form of an attribute's key, name and value apart."""
    name, mark, value = key.partition("=")
    return f"{normal_form(name)}={normal_form(value)}" if mark else normal_form(key)


def company_form(form: str) -> str:
    """A brand's normal form without the endings of company names; never empty."""
    words = form.split()
    while len(words) > 1 and words[-1] in COMPANIES:
        words.pop()
    return " ".join(words)


def _without_accents(text: str) -> str:
    kept: list[str] = []
    base = ""
    for character in unicodedata.normalize("NFKD", text):
        if unicodedata.combining(character):
            if unicodedata.name(base or " ", "").startswith(ACCENTED):
                continue
        else:
            base = character
        kept.append(character)
    return unicodedata.normalize("NFKC", "".join(kept))


def _kept(text: str, at: int) -> str:
    """A character of a name as it compares: itself, a space, or nothing."""
    character = text[at]
    if character in APOSTROPHES:
        return ""
    if unicodedata.category(character)[0] in "LMN" or character in SIGNS:
        return character
    after = at + 1 < len(text) and text[at + 1].isdecimal()
    before = at > 0 and (text[at - 1].isdecimal() or text[at - 1] in SIGNS)
    if after and character in IN_NUMBERS and (before or (character == "-" and not _word(text, at))):
        return character
    return " "


def _word(text: str, at: int) -> bool:
    """Whether a letter or digit stands right before this place."""
    return at > 0 and text[at - 1].isalnum()


def is_alphabetic(word: str) -> bool:
    """Whether a word is of letters alone, and of a writing where one letter is not a word."""
    return all(unicodedata.name(letter, "").startswith(ALPHABETS) for letter in word)
