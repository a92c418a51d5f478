"""Names, attributes, relations and profiles as a person derives them and looks them through."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

PRODUCTS = """product_id,title,brand,category
p1,Red vase,L'Oréal,A > B
p2,Blue vase,L'OREAL,A > C
p3,Vase,L'Oréal,A > c
p4,Vase,Avlon,A
p5,Vase,Avalon,A
"""
INTERACTIONS = """user_id,product_id,occurred_at,order_id,price
u1,p1,2025-01-01,A,2
u1,p2,2025-01-01,A,3
u2,p1,2025-01-02,B,2
u2,p2,2025-01-02,B,3
u2,p3,2025-01-05,C,4
"""


@pytest.fixture
def shop(person: Any, graph: Any) -> Any:
    """A person with a small shop loaded."""
    folder: Path = person.folder / "shop"
    folder.mkdir()
    (folder / "products.csv").write_text(PRODUCTS, encoding="utf-8")
    (folder / "interactions.csv").write_text(INTERACTIONS, encoding="utf-8")
    person.succeed("ingest", "shop")
    return person


def test_enrich_does_every_step_and_again_only_what_is_asked_for(shop: Any) -> None:
    done = shop.succeed("enrich", "--min-support", "2", "--until", "2025-01-04")
    assert done["resolve"]["brand"] == {
        "names": 4, "aliases": 1, "merged": 1, "undone": 0, "alike": 1,
    }  # fmt: skip
    assert [(f["problem"], f["paths"]) for f in done["tree"]] == [("alike", ["A > C", "A > c"])]
    assert done["mine"]["mined"] == {"colour": 2}
    assert done["relations"] == {"BOUGHT_WITH": 2, "LEADS_TO": 0, "SIMILAR_TO": 0}
    assert done["profiles"] == 2
    again = shop.succeed("enrich", "--only", "resolve", "--only", "mine")
    assert again.keys() == {"resolve", "mine"}
    assert (again["resolve"]["brand"]["merged"], again["mine"]["new"]) == (0, 0)
    told = shop.quick("enrich", "--only", "tree").out
    assert told.splitlines()[:2] == [
        "categories: alike 1",
        "  alike: A > C | A > c: categories under one parent differ in letter case, accents or "
        "punctuation alone",
    ]


def test_aliases_are_listed_undone_and_made(shop: Any) -> None:
    shop.succeed("enrich", "--only", "resolve")
    (alias,) = shop.succeed("aliases", "--csv", "aliases.csv")["aliases"]
    assert alias.pop("merged_at")
    assert alias == {
        "kind": "brand", "alias": "L'OREAL", "canonical": "L'Oréal", "products": 1,
        "rule": "exact", "score": 1.0,
    }  # fmt: skip
    with (shop.folder / "aliases.csv").open(encoding="utf-8", newline="") as file:
        assert [row["alias"] for row in csv.DictReader(file)] == ["L'OREAL"]
    assert shop.succeed("aliases", "--alike")["alike"] == [
        {"kind": "brand", "one": "Avalon", "other": "Avlon", "score": 0.833}
    ]
    assert shop.succeed("aliases", "--undo", "L'OREAL")["canonical"] == "L'Oréal"
    shop.succeed("enrich", "--only", "resolve")
    assert shop.succeed("aliases")["aliases"] == []
    assert shop.quick("aliases").out == "nothing found\n"
    shop.succeed("aliases", "--merge", "Avlon", "Avalon")
    shop.succeed("enrich", "--only", "resolve")
    assert [row["rule"] for row in shop.succeed("aliases")["aliases"]] == ["person"]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["aliases", "--undo", "Avon"], 1, "No brand has the alias 'Avon'"),
        (["aliases", "--merge", "a", "b"], 1, "No brand is called 'a'"),
        (["aliases", "--merge", "a", "b", "--undo", "c"], 2, "given one at a time"),
        (["enrich", "--rules", "none.yaml"], 1, "none.yaml: No such file"),
        (["enrich", "--only", "guess"], 2, "No step 'guess': there are resolve, tree"),
        (["enrich", "--until", "soon"], 2, "'soon' is no ISO 8601 time"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_line(
    person: Any, graph: Any, words: list[str], code: int, told: str
) -> None:
    outcome = person.quick(*words)
    assert outcome.code == code
    assert told in outcome.complaint
