from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingestion import plain_csv
from ingestion.csv_file import read_csv
from ingestion.errors import SourceError
from ingestion.header import Header
from ingestion.plain_csv import parse_plain

AB = Header(known=("a", "b"), required=("a",))


def rows_of(raw: bytes, columns: int = 2) -> list[tuple[str, ...]] | None:
    table = parse_plain(raw, columns, 100)
    return None if table is None else list(zip(*table.to_pydict().values(), strict=True))


@pytest.mark.parametrize(
    ("raw", "rows"),
    [
        (b"1,x\n2,\n", [("1", "x"), ("2", "")]),
        (b'"1","x, y"\r\n"","z"', [("1", "x, y"), ("", "z")]),
        (b' 1,  x y \n,"NA"\n', [("1", "x y "), ("", "NA")]),
        ("é,null\n".encode(), [("é", "null")]),
    ],
)
def test_plain_lines_are_read_as_they_stand(raw: bytes, rows: list[tuple[str, str]]) -> None:
    assert rows_of(raw) == rows


@pytest.mark.parametrize(
    "raw",
    [
        *(b"1\n", b"1,2,3\n", b"1,x\n\n2,y\n", b"1,\0\n", b"1,x\r2,y\n", b"1,\xff\n"),
        *(b'1,a "b"\n', b'1,"a""b"\n', b'1,"a\nb"\n', b'1,"a\n2,b"\n', b'1, "a"\n', b'1,"a"b\n'),
        b"1," + b"x" * 100 + b"\n",
    ],
)
def test_a_chunk_with_anything_odd_is_not_plain(raw: bytes) -> None:
    assert rows_of(raw) is None


def test_a_blank_line_of_one_column_is_no_row() -> None:
    assert rows_of(b"1\n2\n", 1) == [("1",), ("2",)]
    assert rows_of(b"1\n \n", 1) is None


def read_all(path: Path, block_rows: int) -> tuple[list[tuple[int, str, str]], list[object]] | str:
    """Every row and every reject with its line, or what is said of the file."""
    frames, rejects = [], []
    try:
        for frame, refused in read_csv(path, AB, block_rows):
            assert 0 <= len(frame) <= block_rows
            frames.append(frame.reindex(columns=["a", "b"]))
            rejects += refused.frame.to_numpy().tolist()
    except SourceError as error:
        return str(error)
    return list(pd.concat(frames).itertuples(name=None)), rejects


PIECE = st.sampled_from(
    ["a", "b", "é", ",", ",", ",", "\n", "\n", "\r\n", "\r", '"', '"', '""', " ", "\0", "x,y\n"]
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PIECE, max_size=40).map("".join), st.integers(1, 9), st.integers(1, 3))
@example('x,y\n"a\nb",y\nx,y\nx,"\nx,y\n', 1, 1)
@example("x,y\n" * 3 + "a\xff,b\n", 4, 2)
def test_what_is_plain_reads_as_line_by_line(
    tmp_path: Path, text: str, chunk: int, block_rows: int
) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(b"a,b\n" + text.encode("latin-1" if "\xff" in text else "utf-8"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_csv, "CHUNK", chunk)
        fast = read_all(path, block_rows)
        patch.setattr(plain_csv.Chunked, "take_plain", lambda *_: None)
        assert fast == read_all(path, block_rows)


def test_numbers_of_lines_go_on_where_reading_changes_its_way(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_csv, "CHUNK", 8)
        path = tmp_path / "t.csv"
        path.write_text('a,b\n1,x\n2,x\n3,"x\ny"\n5,x\n6\n7,x\n8,"open\n9,x\n', encoding="utf-8")
        rows, rejects = read_all(path, 50)
    assert [(line, a) for line, a, _ in rows] == [
        *((2, "1"), (3, "2"), (4, "3"), (6, "5"), (8, "7"), (10, "9"))
    ]
    assert [reject[1:3] for reject in rejects] == [
        [7, "wrong-number-of-columns"],
        [9, "bad-csv"],
    ]


def test_of_plain_rows_the_header_alone_is_read_as_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,b\n" + "12345,hello\n" * 1_000_000, encoding="utf-8")
    lines = []
    readline = plain_csv.Chunked.readline

    def noted(self: plain_csv.Chunked, limit: int) -> bytes:
        lines.append(readline(self, limit))
        return lines[-1]

    monkeypatch.setattr(plain_csv.Chunked, "readline", noted)
    assert sum(len(frame) for frame, _ in read_csv(path, AB)) == 1_000_000
    assert lines == [b"a,b\n", b""]
