import gzip
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ingestion.amazon_products import parse_price
from ingestion.clean import clean
from ingestion.detect import choose_source
from ingestion.errors import SourceError
from ingestion.sheet import Cleaned
from ingestion.sources import amazon

REVIEW_2014 = {
    "reviewerID": "A2SUAM1J3GNN3B",
    "asin": "0000013714",
    "reviewerName": "J. McDonald",
    "helpful": [2, 3],
    "reviewText": "Great book.",
    "overall": 5.0,
    "summary": "Heavenly Highway Hymns",
    "unixReviewTime": 1252800000,
    "reviewTime": "09 13, 2009",
}
REVIEW_2018 = {
    "image": ["https://images/1.jpg"],
    "overall": 4.0,
    "vote": "1,002",
    "verified": True,
    "reviewTime": "01 1, 2018",
    "reviewerID": "AUI6WTTT0QZYS",
    "asin": "5120053084",
    "style": {"Size:": " Large", "Color:": " Charcoal"},
    "reviewerName": "Abbey",
    "reviewText": "Warm.",
    "summary": "Comfy",
    "unixReviewTime": 1514764800,
}
REVIEW_2023 = {
    "rating": 3.0,
    "title": "",
    "text": "",
    "images": [],
    "asin": "B00YQ6X8EO",
    "parent_asin": "B000PARENT",
    "user_id": "AGKHLEW2SOWHNMFQIJGBECAF7INQ",
    "timestamp": 1588615855070,
    "helpful_vote": 0,
    "verified_purchase": False,
}
#: A line as it stands in the release of 2014: what Python prints of a dictionary.
META_2014 = (
    "{'asin': '0000031852', 'title': \"Girls' Ballet Tutu\", 'price': 3.17, 'imUrl': "
    "'http://ecx/i.jpg', 'related': {'also_bought': ['B00JHONN1S', 'B002BZX8Z6', 'B00JHONN1S'], "
    "'also_viewed': ['B002BZX8Z6'], 'bought_together': ['B002BZX8Z6'], 'buy_after_viewing': "
    "['B00JHONN1S']}, 'salesRank': {'Toys & Games': 211836}, 'brand': 'Coxlures', 'categories': "
    "[['Sports &amp; Outdoors', 'Other Sports', 'Dance'], ['Toys']]}"
)
META_2018 = {
    "asin": "5120053084",
    "title": "Slime <b>Powder</b> Shoes &amp; More",
    "feature": ["Cotton", "Rubber sole", "A long sentence about how comfortable these shoes are."],
    "description": ["This is a <b>great</b> dress", "Machine &quot;wash&quot;"],
    "price": "$5.99 - $1,019.99",
    "imageURL": ["https://images/s.jpg"],
    "imageURLHighRes": ["https://images/l.jpg"],
    "also_buy": ["B00JHONN1S"],
    "also_view": ["B002BZX8Z6"],
    "rank": "19,963 in Shoes (",
    "brand": "by\n    Coxlures",
    "category": ["Clothing", "Women", "</span></span></span>", "Cotton"],
    "main_cat": "Clothing",
    "date": "September 8, 2015",
    "details": {"\n Product Dimensions: \n ": "9 x 7 inches", "ASIN: ": "5120053084"},
}
META_2023 = {
    "main_category": "All Beauty",
    "title": "Howard LC0008",
    "average_rating": 4.8,
    "rating_number": 10,
    "features": [],
    "description": [],
    "price": None,
    "images": [{"thumb": "t.jpg", "large": "l.jpg", "variant": "MAIN", "hi_res": None}],
    "videos": [],
    "store": "Howard Products",
    "categories": [],
    "details": {
        "Color": "Red",
        "UPC": "617390882781",
        "Date First Available": "Sept 2, 2019",
        "Best Sellers Rank": {"Beauty": 3},
    },
    "parent_asin": "B01CUPMQZE",
    "bought_together": None,
}


def write(folder: Path, name: str, *records: dict[str, Any] | str) -> Path:
    lines = [line if isinstance(line, str) else json.dumps(line) for line in records]
    content = "".join(f"{line}\n" for line in lines).encode()
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def cleaned(path: Path, block_rows: int = 50_000) -> dict[str, list[Cleaned]]:
    tables: dict[str, list[Cleaned]] = {}
    for block in amazon.read(path, block_rows):
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


def test_a_review_of_2014(tmp_path: Path) -> None:
    found = cleaned(write(tmp_path, "reviews_Books_5.json.gz", REVIEW_2014))
    when = pd.Timestamp("2009-09-13T00:00:00Z")
    assert rows(found["interactions"]) == [
        {
            "user_id": "A2SUAM1J3GNN3B",
            "product_id": "0000013714",
            "kind": "rate",
            "occurred_at": when,
            "rating": 5.0,
            "helpful_votes": 2,
            "total_votes": 3,
            "line": 1,
        }
    ]
    assert rows(found["reviews"]) == [
        {
            "user_id": "A2SUAM1J3GNN3B",
            "product_id": "0000013714",
            "rating": 5.0,
            "title": "Heavenly Highway Hymns",
            "text": "Great book.",
            "occurred_at": when,
            "user_name": "J. McDonald",
            "line": 1,
        }
    ]


def test_a_review_of_2018(tmp_path: Path) -> None:
    found = cleaned(write(tmp_path, "Clothing_5.json", REVIEW_2018))
    assert rows(found["interactions"]) == [
        {
            "user_id": "AUI6WTTT0QZYS",
            "product_id": "5120053084",
            "kind": "rate",
            "occurred_at": pd.Timestamp("2018-01-01T00:00:00Z"),
            "rating": 4.0,
            "style": "Size: Large; Color: Charcoal",
            "helpful_votes": 1002,
            "verified": True,
            "line": 1,
        }
    ]


def test_a_review_of_2023_to_the_millisecond_and_without_words(tmp_path: Path) -> None:
    found = cleaned(write(tmp_path, "All_Beauty.jsonl", REVIEW_2023))
    assert list(found) == ["interactions"]
    assert rows(found["interactions"]) == [
        {
            "user_id": "AGKHLEW2SOWHNMFQIJGBECAF7INQ",
            "product_id": "B000PARENT",
            "asin": "B00YQ6X8EO",
            "kind": "rate",
            "occurred_at": pd.Timestamp("2020-05-04T18:10:55.070Z"),
            "rating": 3.0,
            "helpful_votes": 0,
            "verified": False,
            "line": 1,
        }
    ]


def test_metadata_of_2014_is_what_python_prints(tmp_path: Path) -> None:
    found = cleaned(write(tmp_path, "meta_Sports.json.gz", META_2014))
    assert rows(found["products"]) == [
        {
            "product_id": "0000031852",
            "title": "Girls' Ballet Tutu",
            "brand": "Coxlures",
            "category": ["Sports & Outdoors > Other Sports > Dance", "Toys"],
            "attributes": [],
            "price": 3.17,
            "image": "http://ecx/i.jpg",
            "sales_rank": 211836.0,
            "line": 1,
        }
    ]
    assert [tuple(row.values()) for row in rows(found["relations"])] == [
        ("0000031852", "also_bought", "B00JHONN1S", 1),
        ("0000031852", "also_bought", "B002BZX8Z6", 1),
        ("0000031852", "also_viewed", "B002BZX8Z6", 1),
        ("0000031852", "bought_together", "B002BZX8Z6", 1),
        ("0000031852", "bought_after_viewing", "B00JHONN1S", 1),
    ]


def test_metadata_of_2018(tmp_path: Path) -> None:
    found = cleaned(write(tmp_path, "meta_Clothing.json", META_2018))
    assert rows(found["products"]) == [
        {
            "product_id": "5120053084",
            "title": "Slime  Powder  Shoes & More",
            "description": 'This is a  great  dress\nMachine "wash"\n'
            "A long sentence about how comfortable these shoes are.",
            "brand": "Coxlures",
            "category": ["Clothing > Women"],
            "attributes": ["Cotton", "Rubber sole", "Product Dimensions=9 x 7 inches"],
            "price": 5.99,
            "price_high": 1019.99,
            "image": "https://images/l.jpg",
            "created_at": pd.Timestamp("2015-09-08T00:00:00Z"),
            "main_category": "Clothing",
            "line": 1,
        }
    ]
    assert [row["relation"] for row in rows(found["relations"])] == ["also_bought", "also_viewed"]


def test_metadata_of_2023_is_of_the_parent(tmp_path: Path) -> None:
    found = cleaned(write(tmp_path, "meta_All_Beauty.jsonl", META_2023))
    assert list(found) == ["products"]
    assert rows(found["products"]) == [
        {
            "product_id": "B01CUPMQZE",
            "title": "Howard LC0008",
            "brand": "Howard Products",
            "category": [],
            "attributes": ["Color=Red"],
            "image": "l.jpg",
            "created_at": pd.Timestamp("2019-09-02T00:00:00Z"),
            "main_category": "All Beauty",
            "average_rating": 4.8,
            "rating_number": 10.0,
            "line": 1,
        }
    ]


@pytest.mark.parametrize(
    ("told", "price"),
    [
        (None, (None, None, "")),
        (12.5, (12.5, None, "")),
        ("$12.99", (12.99, None, "")),
        ("12.99", (12.99, None, "")),
        ("$1,234.56", (1234.56, None, "")),
        ("from 14.99", (14.99, None, "")),
        ("$5.99 - $19.99", (5.99, 19.99, "")),
        ("—", (None, None, "")),
        ("Currently unavailable", (None, None, "Currently unavailable")),
        (".a-box-inner{background-color:#fff}", (None, None, "")),
        (-1.0, (None, None, "-1.0")),
        (True, (None, None, "")),
    ],
)
def test_prices_as_the_releases_write_them(told: object, price: tuple[object, ...]) -> None:
    assert parse_price(told) == price


def test_lines_that_hold_no_record_of_their_kind_are_refused_by_number(tmp_path: Path) -> None:
    deep = "[" * 100_000
    path = write(tmp_path, "r.json", REVIEW_2014, "{broken", "", "[1]", META_2023, f'{{"a": {deep}')
    found = cleaned(path)
    assert len(found["interactions"][0].frame) == 1
    assert refused(found["interactions"]) == [
        (2, "bad-json"),
        (4, "bad-json"),
        (5, "not-a-review"),
        (6, "bad-json"),
    ]
    path = write(tmp_path, "m.json", META_2018, REVIEW_2018, {"title": "no id"})
    assert refused(cleaned(path)["products"]) == [(2, "not-a-product"), (3, "not-a-product")]


def test_a_review_that_breaks_a_rule_is_refused_alone(tmp_path: Path) -> None:
    records = [
        REVIEW_2018,
        REVIEW_2018 | {"asin": None},
        REVIEW_2018 | {"overall": "good"},
        REVIEW_2018 | {"unixReviewTime": "yesterday"},
        {name: value for name, value in REVIEW_2018.items() if name != "unixReviewTime"},
    ]
    found = cleaned(write(tmp_path, "r.json", *records))["interactions"]
    assert refused(found) == [(2, "missing-product_id"), (3, "bad-rating"), (4, "bad-time")]
    assert [row["line"] for row in rows(found)] == [1, 5]


def test_a_folder_is_read_metadata_first_and_blocks_do_not_matter(tmp_path: Path) -> None:
    write(tmp_path, "a_reviews.json.gz", *[REVIEW_2014] * 3)
    write(tmp_path, "meta.json", META_2014, META_2014.replace("31852", "31853"))
    (tmp_path / "readme.txt").write_text("notes\n")
    assert choose_source(tmp_path) is amazon
    whole = cleaned(tmp_path)
    assert list(whole) == ["products", "relations", "interactions", "reviews"]
    parts = cleaned(tmp_path, 1)
    for table in whole:
        assert rows(parts[table]) == rows(whole[table])


def test_a_file_cut_short_is_told_in_one_line(tmp_path: Path) -> None:
    path = write(tmp_path, "r.json.gz", *[REVIEW_2014 | {"asin": str(n)} for n in range(50_000)])
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(SourceError, match=r"r\.json\.gz: the gzip file is cut short or damaged"):
        list(amazon.read(path))


@pytest.mark.parametrize("content", ["", "[1, 2]\n", '{"a": 1}\n', '{"asin": null}\n'])
def test_other_json_is_none_of_these_sets(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    assert not amazon.detect(tmp_path)
    with pytest.raises(SourceError, match="no file of Amazon reviews or metadata"):
        list(amazon.read(tmp_path / "x.json"))
