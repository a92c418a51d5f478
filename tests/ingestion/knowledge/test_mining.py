from __future__ import annotations

from pathlib import Path

import pytest

from ingestion.errors import SourceError
from ingestion.knowledge.mining import mine
from ingestion.knowledge.rules import load_rules

SHIPPED = load_rules()


def read_off(title: str, description: str | None = None, own: Path | None = None) -> list[str]:
    rules = SHIPPED if own is None else load_rules(own)
    texts = {"title": title, "description": description}
    return [f"{found.attribute}={found.value}" for found in mine(rules, texts)]


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("WHITE HANGING HEART T-LIGHT HOLDER", ["colour=white"]),
        ("SET/6 IVORY BIRD T-LIGHT CANDLES", ["colour=ivory", "count=6"]),
        ("S/6 WOODEN SKITTLES IN COTTON BAG", ["material=wood", "material=cotton", "count=6"]),
        ("PACK OF 72 RETROSPOT CAKE CASES", ["count=72"]),
        ("COCKTAIL SWORDS 50 PIECES", ["count=50"]),
        ("YELLOW/BLUE RETRO RADIO", ["colour=yellow", "colour=blue"]),
        ("4 SKY BLUE DINNER CANDLES", ["colour=blue"]),
        ("Hot-pink multi-coloured rug", ["colour=pink", "colour=multicolour"]),
        ("POLYESTER FILLER PAD 60x40cm", ["material=polyester", "dimensions=60 x 40 cm"]),
        ("THE KING GIFT BAG 25x24x12cm", ["dimensions=25 x 24 x 12 cm"]),
        ("GREEN GOOSE FEATHER TREE 60CM", ["colour=green", "material=feather", "length=60 cm"]),
        ('RUBY GLASS NECKLACE 42"', ["material=glass", "length=106.68 cm"]),
        ("Shampoo 0,75 l", ["volume=750 ml"]),
        ("Stainless Steel flask 500ml", ["material=stainless steel", "volume=500 ml"]),
        ("BAG 250g SWIRLY MARBLES", ["weight=250 g"]),
        ("Rice 1.5 kg", ["weight=1500 g"]),
        ("黑色纯棉短袖T恤 500g", ["weight=500 g", "颜色=黑色", "材质=棉"]),
        ("浅粉色玻璃花瓶 12只装", ["颜色=粉色", "材质=玻璃", "数量=12"]),
        ("不锈钢保温杯500毫升", ["volume=500 ml", "材质=不锈钢"]),
        # What looks like an attribute and is none.
        ("SET OF 10 cm rulers", ["length=10 cm"]),
        ("BLUEBELL REDHEAD", []),
        ("RED RIDING HOOD, ICE CREAM and a WINE GLASS", []),
        ("SET OF 3 TIER stands", []),
        ("黑胡椒牛排 红糖姜茶 木耳 玻璃清洁剂", []),
        ("0 g of 1,000,000 g", []),
        ("", []),
    ],
)  # fmt: skip
def test_what_titles_say(title: str, found: list[str]) -> None:
    assert read_off(title) == found


def test_a_description_is_read_where_the_title_says_nothing() -> None:
    assert read_off("Flask", "Holds 0.5 litre, red") == ["volume=500 ml"]
    assert read_off("Flask 1 l", "Holds 0.5 litre") == ["volume=1000 ml"]


def test_of_two_sizes_the_first_counts() -> None:
    assert read_off("SMALL CUP FOR LARGE MUG") == ["size=small"]


def test_a_persons_file_adds_changes_and_leaves_out_rules(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        """
colour: {words: {red: [ruby]}, not: [ruby wedding]}
material: {skip: true}
theme: {attribute: theme, words: {nautical: [anchor, sail boat]}}
""",
        encoding="utf-8",
    )
    assert read_off("RUBY GLASS with sail-boat and white anchor", own=own) == [
        "colour=red",
        "colour=white",
        "theme=nautical",
    ]
    assert read_off("RUBY WEDDING", own=own) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- colour", "rules are written as NAME, a colon"),
        ("colour: red", "rules are written as NAME, a colon"),
        ("a: {words: {b: []}}", "rule a: attribute must be a name without = and"),
        ("a: {attribute: 'x=y', words: {b: []}}", "attribute must be a name without = and"),
        ("a: {attribute: x}", "rule a: neither words nor a pattern"),
        ("a: {attribute: x, word: {b: []}}", "rule a: no part 'word': there are also, attribute"),
        ("a: {attribute: x, words: {红: [红]}}", "'红' is in too many other words"),
        ("a: {attribute: x, pattern: '(', value: '{n}'}", "rule a: missing \\)"),
        ("a: {attribute: x, pattern: '(?P<n>1)', value: '{m}'}", "value must name groups"),
        ("a: {attribute: x, in: [text], words: {b: []}}", "in must name title or description"),
        ("a: {attribute: x, words: [b]}", "rule a: words are written as VALUE: \\[word"),
        ("a: [", "no YAML"),
    ],
)
def test_a_file_that_makes_no_sense_is_told_in_one_line(
    tmp_path: Path, text: str, told: str
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(text, encoding="utf-8")
    with pytest.raises(SourceError, match=told) as caught:
        load_rules(own)
    assert str(own) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        load_rules(tmp_path / "none.yaml")
