from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingestion.errors import SourceError
from ingestion.header import Header
from ingestion.parquet_file import read_parquet

ANY = Header(known=("a",), required=("a",))


def read_values(folder: Path, values: pa.Array, block_rows: int = 50_000) -> list[str]:
    path = folder / "t.parquet"
    pq.write_table(pa.table({"A": values}), path)
    return [
        value for frame, _ in read_parquet(path, ANY, block_rows) for value in frame["a"].tolist()
    ]


PARIS = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        (pa.array(["x", None, ""]), ["x", "", ""]),
        (pa.array(["x", "y", "x"]).dictionary_encode(), ["x", "y", "x"]),
        (pa.array([1, None]), ["1", ""]),
        (pa.array([2.5, float("nan"), None, 6.0]), ["2.5", "", "", "6"]),
        (pa.array([Decimal("12.50")]), ["12.50"]),
        (pa.array([True, False]), ["true", "false"]),
        (pa.array([date(2011, 1, 2)]), ["2011-01-02"]),
        (pa.array([datetime(2011, 1, 2, 3, 4)]), ["2011-01-02 03:04:00.000000Z"]),
        (
            pa.array([datetime(2011, 1, 2, 3, 4, tzinfo=PARIS)], pa.timestamp("ns", "+01:00")),
            ["2011-01-02 02:04:00.000000Z"],
        ),
        (pa.array([["x", "y"], [], None]), ["x|y", "", ""]),
        (pa.array([], pa.string()), []),
        (pa.nulls(2), ["", ""]),
    ],
)
def test_every_plain_type_becomes_text(tmp_path: Path, values: pa.Array, texts: list[str]) -> None:
    assert read_values(tmp_path, values) == texts


def test_rows_are_counted_from_one_over_all_blocks(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": list("vwxyz")}), path, row_group_size=3)
    blocks = [frame["a"].to_dict() for frame, _ in read_parquet(path, ANY, 2)]
    assert {line: value for block in blocks for line, value in block.items()} == {
        1: "v", 2: "w", 3: "x", 4: "y", 5: "z"
    }  # fmt: skip


def test_structures_are_refused_by_column(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="column 'a' is struct<x: int64>"):
        read_values(tmp_path, pa.array([{"x": 1}]))


def test_bytes_that_are_no_text_are_refused_by_column(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="column 'a' is binary"):
        read_values(tmp_path, pa.array([b"\xff"]))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"a,b\n1,2\n", b"PAR1" + bytes(60) + b"PAR1"])
def test_what_is_not_parquet_is_told_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "t.parquet"
    path.write_bytes(content)
    with pytest.raises(SourceError) as told:
        list(read_parquet(path, ANY))
    assert "\n" not in str(told.value)


def test_a_damaged_page_is_told_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": [str(n) for n in range(1000)]}), path)
    content = bytearray(path.read_bytes())
    content[4:600] = bytes(596)
    path.write_bytes(content)
    with pytest.raises(SourceError) as told:
        list(read_parquet(path, ANY))
    assert str(path) in str(told.value)
    assert "\n" not in str(told.value)


def test_a_missing_column_is_named_with_those_there(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": [datetime(2011, 1, 1, tzinfo=UTC)]}), path)
    with pytest.raises(SourceError, match="no column a; there are 'x'"):
        list(read_parquet(path, ANY))
