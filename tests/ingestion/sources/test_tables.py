import gzip
from pathlib import Path

import pandas as pd
import pytest

from ingestion.cleaner import ROW_BYTES, expected_rows
from ingestion.errors import SourceError
from ingestion.sources import tables

DATA = Path(__file__).parents[3] / "../shared/data"


def test_tables_come_facts_first_whatever_their_file(tmp_path: Path) -> None:
    (tmp_path / "searches.csv").write_text("query\nlamp\n")
    (tmp_path / "interactions.csv.gz").write_bytes(gzip.compress(b"User_ID, PRODUCT_ID\nu,p\n"))
    pd.DataFrame({"product_id": ["p"], "price": [2.5]}).to_parquet(tmp_path / "products.parquet")
    (tmp_path / "notes.txt").write_text("not a table")
    (tmp_path / "train.csv").write_text("not one either")
    (tmp_path / "users.csv").mkdir()
    blocks = list(tables.read(tmp_path))
    assert [(block.table, block.file.name) for block in blocks] == [
        ("products", "products.parquet"),
        ("interactions", "interactions.csv.gz"),
        ("searches", "searches.csv"),
    ]
    assert [block.frame.to_dict("list") for block in blocks] == [
        {"product_id": ["p"], "price": ["2.5"]},
        {"user_id": ["u"], "product_id": ["p"]},
        {"query": ["lamp"]},
    ]
    assert [block.frame.index.tolist() for block in blocks] == [[1], [2], [2]]


def test_a_table_may_be_a_folder_of_parts(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text("product_id\np\n")
    parts = tmp_path / "Interactions"
    parts.mkdir()
    (parts / "part-2.csv").write_text("user_id,product_id\nv,p\n")
    pd.DataFrame({"user_id": ["u"], "product_id": ["p"]}).to_parquet(parts / "part-1.parquet")
    (parts / "_SUCCESS").write_text("")
    assert [(block.table, block.file.name) for block in tables.read(tmp_path)] == [
        ("products", "products.csv"),
        ("interactions", "part-1.parquet"),
        ("interactions", "part-2.csv"),
    ]
    sizes = [file.stat().st_size for file in (tmp_path / "products.csv", *parts.iterdir())]
    assert expected_rows(tmp_path) >= sum(sizes) // ROW_BYTES
    assert tables.split(tmp_path) == [parts / "part-1.parquet", parts / "part-2.csv"]
    assert tables.detect(parts / "part-2.csv")
    (block,) = tables.read(parts / "part-2.csv")
    assert (block.table, block.frame["user_id"].tolist()) == ("interactions", ["v"])
    (tmp_path / "interactions.csv").write_text("user_id,product_id\n")
    with pytest.raises(SourceError, match=r"Interactions and interactions.csv are the same table"):
        list(tables.read(tmp_path))


def test_one_file_is_read_alone(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("user_id\nu\n")
    (tmp_path / "follows.csv").write_text("user_id,follows_id\nu,v\n")
    assert [block.table for block in tables.read(tmp_path / "users.csv")] == ["users"]


def test_two_files_for_one_table_are_refused(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text("product_id\n")
    (tmp_path / "products.parquet").write_bytes(b"")
    with pytest.raises(SourceError, match=r"products.csv and products.parquet are the same table"):
        list(tables.read(tmp_path))


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no table here: deletions, products, users"):
        list(tables.read(tmp_path))


def test_a_missing_required_column_is_named(tmp_path: Path) -> None:
    (tmp_path / "relations.csv").write_text("product_id,kind\np,x\n")
    with pytest.raises(
        SourceError, match="no columns relation, other_id; there are 'product_id', 'kind'"
    ):
        list(tables.read(tmp_path))


@pytest.mark.parametrize(
    ("name", "rows"),
    [("amazon_beauty", 12_101 + 198_502), ("amazon_office", 3_459), ("retailrocket", 92_487)],
)
def test_the_real_tables_have_their_counted_rows(name: str, rows: int) -> None:
    if not (DATA / name).exists():
        pytest.skip(f"{DATA / name} is not here")
    blocks = list(tables.read(DATA / name))
    assert sum(len(block.frame) for block in blocks) == rows
    assert sum(len(block.rejects) for block in blocks) == 0
