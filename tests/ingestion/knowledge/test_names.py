from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.knowledge.names import attribute_form, company_form, normal_form


@pytest.mark.parametrize(
    ("names", "form"),
    [
        (["L'Oréal", "L'OREAL", "l’oreal ", "L‘Ore\u0301al", "LOréal", "L&#39;Oreal"], "loreal"),
        (["Faber-Castell", "FABER CASTELL", "faber_castell", "Faber  Castell."], "faber castell"),
        (["Procter & Gamble", "Procter and Gamble", "Procter &amp; Gamble"], "procter and gamble"),
        (["Ørsted", "ORSTED"], "orsted"),
        (["Straße", "STRASSE"], "strasse"),
        (["ＨＵＡＷＥＩ", "Huawei"], "huawei"),
        (["Ἀθῆναι", "αθηναι"], "αθηναι"),
        (["华为", "华为 "], "华为"),
        (["½ inch", "1⁄2 inch"], "1⁄2 inch".replace("⁄", " ")),
    ],
)
def test_ways_of_writing_one_name_have_one_form(names: list[str], form: str) -> None:
    assert {normal_form(name) for name in names} == {form}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C", "C++"),
        ("A", "A+"),
        ("C#", "C"),
        ("1.5", "15"),
        ("1.5", "1-5"),
        ("-5", "5"),
        ("3/4", "34"),
        ("10", "10%"),
        ("$5", "£5"),
        # Marks that are no accents: a voiced consonant, a vowel, another letter.
        ("か", "が"),
        ("กา", "กิ"),
        ("мой", "мои"),
        ("黑色", "黑"),
        ("!!!", "???"),
    ],
)
def test_names_that_differ_in_what_means_something_stay_apart(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)


@given(st.text())
def test_a_form_is_its_own_form(name: str) -> None:
    form = normal_form(name)
    assert normal_form(form) == form


@given(st.text(st.characters(max_codepoint=0x24F)), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_letter_case_normalisation_and_spaces_make_no_difference(name: str, how: str) -> None:
    form = normal_form(name)
    assert normal_form(f"  {unicodedata.normalize(how, name)}\u00a0") == form  # type: ignore[arg-type]


@given(st.text(st.sampled_from("abcXYZéÜß '’-&+1.5")))
def test_capitals_make_no_difference(name: str) -> None:
    assert normal_form(name.upper()) == normal_form(name.lower())


@given(st.text(min_size=1).filter(lambda name: name.strip()))
def test_no_name_has_an_empty_form(name: str) -> None:
    assert normal_form(name)


def test_an_attribute_keeps_name_and_value_apart() -> None:
    assert attribute_form("Colour = RED") == attribute_form("colour=red") == "colour=red"
    assert attribute_form("a=b c") != attribute_form("a b=c")
    assert attribute_form("formula=a=b") == "formula=a b"
    assert attribute_form("New Season") == "new season"


def test_what_kind_of_company_it_is_says_nothing_of_a_brand() -> None:
    assert company_form("advantus corporation") == "advantus"
    assert company_form("acme corp inc") == "acme"
    assert company_form("inc") == "inc"
    assert company_form("incase") == "incase"
