import csv
import gzip
import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingestion.csv_file import FIELD_LIMIT, read_csv, read_header
from ingestion.errors import SourceError
from ingestion.header import Header
from ingestion.text_file import LINE_LIMIT

PAIR = Header(known=("a", "b"), required=("a",))


def write(folder: Path, content: bytes | str, name: str = "t.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read_all(path: Path, block_rows: int = 50_000) -> tuple[pd.DataFrame, list[tuple[int, str]]]:
    """Every row as (line, a, b) and every reject as (line, reason)."""
    frames, faults = [], []
    for frame, rejects in read_csv(path, PAIR, block_rows):
        frames.append(frame)
        faults += list(zip(rejects.frame["line"], rejects.frame["reason"], strict=True))
    return pd.concat(frames), faults


def test_rows_know_their_physical_line_although_fields_hold_line_ends(tmp_path: Path) -> None:
    frame, faults = read_all(write(tmp_path, 'a,b\n1,"two\nlines"\n\n3,x\r\n4,y'))
    assert frame["a"].to_dict() == {2: "1", 5: "3", 6: "4"}
    assert frame["b"].tolist() == ["two\nlines", "x", "y"]
    assert faults == []


def test_a_byte_order_mark_and_gzip_are_taken_off(tmp_path: Path) -> None:
    packed = gzip.compress("\ufeffa,b\n1,é\n".encode())
    frame, _ = read_all(write(tmp_path, packed, "t.csv.gz"))
    assert frame["b"].tolist() == ["é"]


def test_ragged_rows_are_refused_one_by_one(tmp_path: Path) -> None:
    frame, faults = read_all(write(tmp_path, "a,b\n1\n2,x\n3,x,\n4,y\n"))
    assert frame.index.tolist() == [3, 5]
    assert faults == [(2, "wrong-number-of-columns"), (4, "wrong-number-of-columns")]


def test_a_ragged_row_over_two_lines_is_one_reject_with_its_text(tmp_path: Path) -> None:
    blocks = list(read_csv(write(tmp_path, 'a,b\n"1\n2",x,y\n3,z\n'), PAIR))
    assert blocks[0][1].frame.to_dict("records") == [
        {"file": "t.csv", "line": 2, "reason": "wrong-number-of-columns", "row": '"1\n2",x,y'}
    ]


def test_a_quote_that_is_never_closed_costs_its_own_line(tmp_path: Path) -> None:
    frame, faults = read_all(write(tmp_path, 'a,b\n1,"open\n2,x\n3,"y"\n4,z\n'))
    assert frame["b"].to_dict() == {3: "x", 4: "y", 5: "z"}
    assert faults == [(2, "bad-csv")]


def test_a_quote_left_open_to_the_end_costs_its_own_line(tmp_path: Path) -> None:
    rows = "".join(f"{n},x\n" for n in range(300_000))
    frame, faults = read_all(write(tmp_path, f'a,b\n0,"open\n{rows}'))
    assert len(frame) == 300_000
    assert faults == [(2, "bad-csv")]


def test_a_quote_inside_a_field_is_a_character(tmp_path: Path) -> None:
    frame, faults = read_all(write(tmp_path, 'a,b\n1,12" RULER\n2, "x, y"\n'))
    assert frame["b"].tolist() == ['12" RULER', "x, y"]
    assert faults == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1," + "x" * (FIELD_LIMIT + 1), "overlong-field"),
        ("1," + "x" * (2 * LINE_LIMIT), "overlong-line"),
        ("1,\0", "nul-character"),
        ("1,x\r2,y", "bad-csv"),
    ],
)
def test_a_row_that_no_graph_wants_is_refused_alone(tmp_path: Path, row: str, reason: str) -> None:
    frame, faults = read_all(write(tmp_path, f"a,b\n0,x\n{row}\n2,y\n"))
    assert frame.index.tolist() == [2, 4]
    assert faults == [(3, reason)]


def test_an_overlong_line_keeps_its_beginning_alone(tmp_path: Path) -> None:
    path = write(tmp_path, "a,b\n1," + '"' * (2 * LINE_LIMIT))
    assert len(next(read_csv(path, PAIR))[1].frame["row"][0]) == 1000


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "t.csv", "empty"),
        (b"\n \n", "t.csv", "empty"),
        (b"b\n1\n", "t.csv", "no column a; there are 'b'"),
        (b"a,A\n1,2\n", "t.csv", "column 'a' is there twice"),
        (b"a,b\n1,caf\xe9\n", "t.csv", "line 2, byte 6: 0xE9 is not UTF-8"),
        ("a,b\n1,2\n".encode("utf-16"), "t.csv", "line 1, byte 1: 0xFF is not UTF-8; the file loo"),
        ("a,b\n1,2\n".encode("utf-16-be"), "t.csv", "line 1: NUL bytes"),
        (gzip.compress(b"a,b\n", mtime=0), "t.csv", "name it .csv.gz"),
        (b"a,b\n1,2\n", "t.csv.gz", "not a sound gzip file"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-9], "t.csv.gz", "cut short or damaged"),
        (b"a,b\r1,2\r", "t.csv", "the header is no row of CSV"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_in_one_line(
    tmp_path: Path, content: bytes, name: str, said: str
) -> None:
    path = write(tmp_path, content, name)
    with pytest.raises(SourceError) as told:
        read_all(path)
    assert said in str(told.value)
    assert str(path) in str(told.value)
    assert "\n" not in str(told.value)


def test_a_missing_file_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="No such file"):
        read_header(tmp_path / "none.csv")


def test_columns_without_a_name_are_left_out(tmp_path: Path) -> None:
    frame, _ = read_all(write(tmp_path, ",A , b\n0,1,2\n1,3,4\n"))
    assert frame.to_dict("list") == {"a": ["1", "3"], "b": ["2", "4"]}


def test_a_header_alone_is_one_empty_block(tmp_path: Path) -> None:
    blocks = list(read_csv(write(tmp_path, "a,b\n"), PAIR))
    assert [(list(frame), len(frame), len(rejects)) for frame, rejects in blocks] == [
        (["a", "b"], 0, 0)
    ]


@settings(deadline=None)
@given(
    rows=st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=2, max_size=2
        )
    )
)
def test_what_the_csv_module_wrote_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *rows])
    path = write(tmp_path_factory.mktemp("t"), out.getvalue().encode("utf-8", "surrogatepass"))
    frame, faults = read_all(path)
    assert frame.to_numpy().tolist() == rows
    assert faults == []


PIECES = st.sampled_from(
    [
        b"a",
        b",",
        b"\n",
        b"\r",
        b'"',
        b'""',
        b"\0",
        b"\xff",
        b"\xc3\xa9",
        b" ",
        b"1",
        b"\xef\xbb\xbf",
    ]
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    content=st.one_of(st.binary(), st.lists(PIECES).map(b"".join)),
    header=st.sampled_from([b"", b"a,b\n", b"a\n"]),
    packed=st.sampled_from(["plain", "gzip", "gzip cut", "not gzip"]),
    block_rows=st.integers(1, 3),
)
def test_any_bytes_give_blocks_or_a_source_error(
    tmp_path_factory: pytest.TempPathFactory,
    content: bytes,
    header: bytes,
    packed: str,
    block_rows: int,
) -> None:
    content = header + content
    if packed.startswith("gzip"):
        content = gzip.compress(content)[: -5 if packed == "gzip cut" else None]
    name = "t.csv" if packed == "plain" else "t.csv.gz"
    path = write(tmp_path_factory.mktemp("t"), content, name)
    try:
        whole = read_all(path)
    except SourceError:
        return
    parts = read_all(path, block_rows)
    assert parts[0].equals(whole[0])
    assert parts[1] == whole[1]
