import gzip
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ingestion.clean import clean
from ingestion.detect import choose_source
from ingestion.errors import SourceError
from ingestion.sheet import Cleaned
from ingestion.sources import recbole


def write(folder: Path, **files: str) -> Path:
    """Atomic files; a key is a suffix, and a blank in its text stands for a tab."""
    for suffix, text in files.items():
        (folder / f"shop.{suffix}").write_text(text.replace(" ", "\t"), encoding="utf-8")
    return folder


def cleaned(path: Path, block_rows: int = 50_000) -> dict[str, list[Cleaned]]:
    tables: dict[str, list[Cleaned]] = {}
    for block in recbole.read(path, block_rows):
        tables.setdefault(block.table, []).append(clean(block))
    return tables


def rows(results: list[Cleaned]) -> list[dict[str, Any]]:
    """Every row without what it lacks."""
    frame = pd.concat([result.frame for result in results], ignore_index=True)
    return [
        {name: value for name, value in row.items() if isinstance(value, list) or pd.notna(value)}
        for row in frame.to_dict("records")
    ]


def refused(results: list[Cleaned]) -> list[tuple[int, str]]:
    return [
        (line, reason)
        for result in results
        for line, reason in result.rejects.frame[["line", "reason"]].itertuples(index=False)
    ]


def test_ratings_are_events_of_their_second(tmp_path: Path) -> None:
    inter = (
        "user_id:token item_id:token rating:float timestamp:float channel:token\n"
        "007 1193 5 978300760 web\n7 661 3.5 978302109.25 \n7 661 many 1 web\n7 662 1 never web\n"
    )
    found = cleaned(write(tmp_path, inter=inter))
    events = rows(found["interactions"])
    assert events == [
        {
            "user_id": "007",
            "product_id": "1193",
            "kind": "rate",
            "occurred_at": pd.Timestamp("2000-12-31T22:12:40Z"),
            "rating": 5.0,
            "channel": "web",
            "line": 2,
        },
        {
            "user_id": "7",
            "product_id": "661",
            "kind": "rate",
            "occurred_at": pd.Timestamp("2000-12-31T22:35:09.25Z"),
            "rating": 3.5,
            "line": 3,
        },
    ]
    assert refused(found["interactions"]) == [(4, "bad-float"), (5, "bad-float")]


@pytest.mark.parametrize(
    ("column", "values", "kinds"),
    [
        ("label:float", ["1", "0"], ["click", "view"]),
        ("score:float", ["1", "0"], ["purchase", "purchase"]),
    ],
)
def test_events_without_ratings_are_clicks_or_purchases(
    tmp_path: Path, column: str, values: list[str], kinds: list[str]
) -> None:
    text = f"user_id:token item_id:token {column}\n" + "".join(f"u i {v}\n" for v in values)
    found = cleaned(write(tmp_path, inter=text))
    assert [row["kind"] for row in rows(found["interactions"])] == kinds


def test_a_review_stands_beside_its_event(tmp_path: Path) -> None:
    text = (
        "user_id:token\titem_id:token\ttimestamp:float\treview:token_seq\n"
        'u\ti\t1\tquite "good"\nu\tj\t2\t\n'
    )
    (tmp_path / "shop.inter").write_text(text)
    blocks = list(recbole.read(tmp_path))
    assert [(b.table, b.derived, len(b.frame)) for b in blocks] == [
        ("interactions", False, 2),
        ("reviews", True, 1),
    ]
    review = clean(blocks[1])
    assert rows([review]) == [
        {
            "user_id": "u",
            "product_id": "i",
            "text": 'quite "good"',
            "occurred_at": pd.Timestamp("1970-01-01T00:00:01Z"),
            "line": 2,
        }
    ]


def test_items_are_products_with_attributes(tmp_path: Path) -> None:
    (tmp_path / "m.item").write_text(
        "item_id:token\tmovie_title:token_seq\trelease_year:token\tgenre:token_seq\tprice:float"
        "\tlength:float\tvector:float_seq\tcast:token_seq\n"
        "1\tToy Story\t1995\tAnimation Children's Comedy\t9.5\t81\t0.5 -1\tHanks Allen Hanks\n"
        '2\t"The ""Best"""\t\tDrama\t\t\t\t\n',
        encoding="utf-8",
    )
    assert rows(cleaned(tmp_path)["products"]) == [
        {
            "product_id": "1",
            "title": "Toy Story",
            "category": ["Animation", "Children's", "Comedy"],
            "attributes": ["release_year=1995", "cast=Hanks", "cast=Allen"],
            "price": 9.5,
            "length": 81.0,
            "vector": "0.5 -1",
            "line": 2,
        },
        {
            "product_id": "2",
            "title": 'The "Best"',
            "category": ["Drama"],
            "attributes": [],
            "line": 3,
        },
    ]


def test_a_column_with_commas_is_parted_by_them_alone(tmp_path: Path) -> None:
    (tmp_path / "y.item").write_text(
        "item_id:token\tcategories:token_seq\n1\tActive Life\n2\tFood, 'Coffee & Tea'\n"
    )
    found = cleaned(tmp_path, block_rows=1)
    assert [row["category"] for row in rows(found["products"])] == [
        ["Active Life"],
        ["Food", "Coffee & Tea"],
    ]


def test_triples_are_relations_or_attributes_of_the_products_they_touch(tmp_path: Path) -> None:
    write(
        tmp_path,
        item="item_id:token\n1\n2\n",
        link="item_id:token entity_id:token\n1 m.a\n2 m.b\n3 m.c\n",
        kg=(
            "head_id:token relation_id:token tail_id:token\n"
            "m.a film.sequel m.b\nm.g film.genre.films m.a\nm.c film.actor m.x\n"
            "m.a film.actor m.x\nm.x person.born m.y\nm.a film.actor m.x\n"
        ),
    )
    for block_rows in (1, 50_000):
        found = cleaned(tmp_path, block_rows)
        assert [(r["product_id"], r["attributes"]) for r in rows(found["products"])] == [
            ("1", ["film.actor=m.x", "film.genre.films=m.g"]),
            ("2", []),
            ("3", ["film.actor=m.x"]),
        ]
        assert rows(found["relations"]) == [
            {"product_id": "1", "relation": "film.sequel", "other_id": "2", "line": 2}
        ]
        assert refused(found["relations"]) == [(6, "not-about-an-item")]


def test_users_and_their_net(tmp_path: Path) -> None:
    write(
        tmp_path,
        user="user_id:token age:float gender:token\n1 25 F\n2  M\n",
        net="source_id:token target_id:token\n1 2\n",
    )
    found = cleaned(tmp_path)
    assert rows(found["users"]) == [
        {"user_id": "1", "age": 25.0, "gender": "F", "line": 2},
        {"user_id": "2", "gender": "M", "line": 3},
    ]
    assert rows(found["follows"]) == [{"user_id": "1", "follows_id": "2", "line": 2}]


def test_atomic_files_are_recognised_by_their_typed_columns(tmp_path: Path) -> None:
    write(tmp_path, inter="user_id:token item_id:token\nu i\n")
    assert choose_source(tmp_path) is recbole
    packed = tmp_path / "packed"
    packed.mkdir()
    (packed / "x.inter.gz").write_bytes(gzip.compress(b"user_id:token\titem_id:token\nu\ti\n"))
    assert choose_source(packed / "x.inter.gz") is recbole
    assert len(cleaned(packed)["interactions"][0].frame) == 1


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"inter": "user_id item_id\n"}, "'user_id' is no NAME:TYPE"),
        ({"inter": "user_id:token item_id:string\n"}, "'item_id:string' is no NAME:TYPE"),
        ({"inter": "uid:token item_id:token\n"}, "no column user_id; there are 'uid:token', "),
        ({"inter": "user_id:token user_id:token\n"}, "no column item_id"),
        ({"kg": "head_id:token relation_id:token tail_id:token\n"}, "the other one is missing"),
        ({"inter": ""}, "empty; a header is expected first"),
        ({}, "no atomic file here: .item, .user, .kg, .link, .net, .inter"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(
    tmp_path: Path, files: dict[str, str], told: str
) -> None:
    with pytest.raises(SourceError) as caught:
        list(recbole.read(write(tmp_path, **files)))
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_two_files_of_one_kind_are_refused(tmp_path: Path) -> None:
    for name in ("a.inter", "b.inter"):
        (tmp_path / name).write_text("user_id:token\titem_id:token\n")
    with pytest.raises(SourceError, match=r"a\.inter and b\.inter are of one kind"):
        list(recbole.read(tmp_path))
