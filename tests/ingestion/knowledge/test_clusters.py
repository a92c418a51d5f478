from __future__ import annotations

import gzip
from itertools import combinations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.knowledge.clusters import Merge, Suggestion, cluster
from ingestion.knowledge.names import normal_form


def aliases(kind: str, products: dict[str, int], **told: object) -> dict[str, tuple[str, str]]:
    merges, _ = cluster(kind, products, **told)  # type: ignore[arg-type]
    return {merge.alias: (merge.canonical, merge.rule) for merge in merges}


def test_the_commonest_way_of_writing_is_canonical() -> None:
    merges, suggestions = cluster("brand", {"L'Oréal": 5, "L'OREAL": 9, "l’oreal ": 1, "Avon": 2})
    assert merges == [
        Merge("L'Oréal", "L'OREAL", "exact", 1.0),
        Merge("l’oreal ", "L'OREAL", "exact", 1.0),
    ]
    assert suggestions == []


def test_of_equally_common_ones_the_first_in_the_alphabet_is() -> None:
    assert aliases("brand", {"lamy": 2, "LAMY": 2, "Lamy": 2}) == {
        "Lamy": ("LAMY", "exact"),
        "lamy": ("LAMY", "exact"),
    }


def test_spaces_and_endings_of_companies_are_looked_past() -> None:
    assert aliases(
        "brand", {"Deflecto": 3, "Deflect-O": 1, "Advantus": 2, "ADVANTUS CORPORATION": 1}
    ) == {"Deflect-O": ("Deflecto", "spacing"), "ADVANTUS CORPORATION": ("Advantus", "company")}
    # Too short to be sure; and attributes have no company.
    assert aliases("brand", {"A B": 1, "AB": 1}) == {}
    assert aliases("attribute", {"form=Ltd": 1, "form=A Ltd": 1, "form=A": 1}) == {}


def test_a_misspelt_word_of_a_long_name_is_the_same_name() -> None:
    assert aliases("brand", {"Kestrel Cycle": 9, "Kestrel Cycel": 1, "Kestel Cycle": 1}) == {
        "Kestrel Cycel": ("Kestrel Cycle", "misspelt"),
        "Kestel Cycle": ("Kestrel Cycle", "misspelt"),
    }
    merges, _ = cluster("brand", {"Kestrel Cycle": 9, "Kestel Cycle": 1})
    assert merges[0].score == pytest.approx(1 - 1 / 13, abs=1e-3)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Avlon", "Avalon"),
        ("MIZANI", "Milani"),
        ("Smead", "Mead"),
        ("Lotions", "Motions"),
        ("Johnson", "Johnston"),
        ("Mens Running Shoes", "Womens Running Shoes"),
        ("Model 1042 Stapler", "Model 1043 Stapler"),
        ("Photo Paper Type A", "Photo Paper Type B"),
        ("With Handle Included", "Without Handle Included"),
        ("纯棉短袖圆领宽松恤衫男款", "纯棉短袖圆领宽松恤衫女款"),
        ("Alliance", "Alliance Rubber Company"),
    ],
)
def test_names_of_different_things_stay_apart(one: str, other: str) -> None:
    assert aliases("brand", {one: 2, other: 1}) == {}
    assert aliases("attribute", {f"x={one}": 2, f"x={other}": 1}) == {}


def test_what_looks_alike_is_for_a_person_to_judge() -> None:
    products = {"Avalon": 5, "Avlon": 8, "AVLON": 1, "Zebra": 1}
    assert cluster("brand", products)[1] == [Suggestion("Avalon", "Avlon", 0.833)]
    assert cluster("brand", products, apart=[frozenset({"Avalon", "Avlon"})])[1] == []
    assert cluster("brand", products, joined={"Avalon": "Avlon"}) == (
        [Merge("AVLON", "Avlon", "exact", 1.0), Merge("Avalon", "Avlon", "person", 1.0)],
        [],
    )


def test_values_are_compared_under_one_name_only() -> None:
    assert aliases("attribute", {"Colour=Red": 2, "colour=RED": 1, "Fabric=Red": 1, "Red": 1}) == {
        "colour=RED": ("Colour=Red", "exact")
    }


def test_no_chain_of_small_differences_joins_different_names() -> None:
    names = {"Silverstreams": 3, "Silverstreamr": 2, "Silverstrearr": 1}
    assert aliases("brand", names) == {"Silverstreamr": ("Silverstreams", "misspelt")}


def test_what_a_person_has_parted_no_rule_merges() -> None:
    products = {"KUM": 3, "Kum": 2, "kum": 1}
    assert aliases("brand", products, apart=[frozenset({"KUM", "Kum"})]) == {
        "kum": ("KUM", "exact")
    }
    apart = [frozenset(pair) for pair in combinations(products, 2)]
    assert aliases("brand", products, apart=apart) == {}


def test_a_persons_merge_holds_and_its_direction_too() -> None:
    products = {"HP": 2, "Hewlett Packard": 9, "hewlett-packard": 5}
    assert aliases("brand", products, joined={"Hewlett Packard": "HP"}) == {
        "Hewlett Packard": ("HP", "person"),
        "hewlett-packard": ("HP", "person"),
    }


NAMES = st.dictionaries(st.text("aAbé -’'", min_size=1, max_size=6), st.integers(0, 3), max_size=12)


@given(NAMES)
def test_equal_forms_are_one_group_and_different_short_ones_are_not(names: dict[str, int]) -> None:
    found = aliases("brand", names)
    assert not {to for to, _ in found.values()} & found.keys()
    for one, other in combinations(names, 2):
        if normal_form(one) == normal_form(other):
            assert found.get(one, (one,))[0] == found.get(other, (other,))[0]
    for name, (canonical, _) in found.items():
        assert (-names[canonical], canonical) < (-names[name], name)


@given(NAMES, st.randoms())
def test_the_order_of_names_makes_no_difference(names: dict[str, int], random: object) -> None:
    mixed = list(names.items())
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert cluster("brand", dict(mixed)) == cluster("brand", names)


def test_real_names_merge_where_they_are_one_and_nowhere_else(shared_data: object) -> None:
    path = shared_data / "amazon_office" / "products.csv.gz"  # type: ignore[operator]
    with gzip.open(path) as file:
        brands = pd.read_csv(file)["brand"].dropna().value_counts()
    # Every one of them looked at.
    assert aliases("brand", brands.to_dict()) == {
        ".Pilot": ("Pilot", "exact"),
        "ADVANTUS CORPORATION": ("Advantus", "company"),
        "Alliance Rubber Company Inc.": ("Alliance Rubber Company", "company"),
        "Deflect-O": ("Deflecto", "spacing"),
        "Faber Castell": ("Faber-Castell", "exact"),
        "KUM": ("Kum", "exact"),
        "LAMY": ("Lamy", "exact"),
        "PLATINUM": ("Platinum", "exact"),
        "Pilot Corporation": ("Pilot", "company"),
        "Uline": ("ULINE", "exact"),
        "Uni-Ball": ("Uni-ball", "exact"),
    }
