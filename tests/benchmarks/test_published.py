"""Published splits through a real graph and back, in both of their forms."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.published import load_split, read_split, split_of
from ingestion.errors import SourceError
from kg.connection import Graph
from kg.read import ShopTensors, read_tensors
from kg.records import KINDS

PURCHASE = KINDS.index("purchase")


def write(folder: Path, **files: str) -> Path:
    """Files named with _ for the dot, gzipped."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name.replace('_', '.')}.gz").write_bytes(gzip.compress(text.encode()))
    return folder


def through(graph: Graph, folder: Path) -> tuple[Any, ShopTensors]:
    """A folder's split as tasks, by way of the graph."""
    published = read_split(folder)
    load_split(graph, published, "purchase", folder / "tables", folder / "rejects")
    tensors = read_tensors(graph, None)
    return split_of(published, tensors, PURCHASE), tensors


def named(tensors: ShopTensors, histories: Any) -> list[list[str]]:
    """The products of each row by their ids."""
    return [
        [tensors.product_ids[p] for p in row]
        for row in np.split(histories.product, histories.indptr[1:-1])
    ]


def targets(tensors: ShopTensors, matrix: Any) -> list[set[str]]:
    """The products a matrix names, a row."""
    return [
        {tensors.product_ids[p] for p in row}
        for row in np.split(matrix.indices, matrix.indptr[1:-1])
    ]


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return write(
        tmp_path / "pairs", train_txt="0 7 8 9\n1 9\n\n2\n", test_txt="1 7 5\n0 5\n3 9\n2\n"
    )


@pytest.fixture
def windows(tmp_path: Path) -> Path:
    return write(
        tmp_path / "windows",
        train_csv="user_id,history\nU1,A B\nU2,B C B\n",
        valid_csv="user_id,history,target\nU1,A B,C\n",
        test_csv="user_id,history,target\nU1,A B C,D\nU9,,A\nU1,B,Z\n",
        products_csv="product_id,title\nA,red\nB,blue\nC,green\nD,grey\nE,black\n",
    )


def test_pairs_ask_every_test_user_and_mask_their_train_products(pairs, graph) -> None:
    split, tensors = through(graph, pairs)
    user_ids = [tensors.user_ids[row] for row in split.test.query_user]
    asked = {
        user: (wanted, masked)
        for user, wanted, masked in zip(
            user_ids,
            targets(tensors, split.test.targets),
            targets(tensors, split.test.masked),
            strict=True,
        )
    }
    assert asked == {
        "0": ({"5"}, {"7", "8", "9"}),
        "1": ({"7", "5"}, {"9"}),
        "3": ({"9"}, set()),
    }
    assert split.test.candidates.all()
    assert sorted(tensors.product_ids) == ["5", "7", "8", "9"]
    assert split.protocol == "files"


def test_pairs_of_the_test_are_never_in_the_graph(pairs, graph) -> None:
    split, tensors = through(graph, pairs)
    edge = tensors.data["user", "purchase", "product"].edge_index.numpy()
    events = {(tensors.user_ids[u], tensors.product_ids[p]) for u, p in edge.T}
    assert events == {("0", "7"), ("0", "8"), ("0", "9"), ("1", "9")}
    assert split.test.train.num_events == 4
    assert split.counts["train_interactions"] == 4
    assert not tensors.data["user", "purchase", "product"].ordered


def test_windows_are_answered_from_their_own_rows_alone(windows, graph) -> None:
    split, tensors = through(graph, windows)
    assert sorted(tensors.product_ids) == ["A", "B", "C", "D", "E", "Z"]
    assert named(tensors, split.test.queries) == [["A", "B", "C"], [], ["B"]]
    assert targets(tensors, split.test.targets) == [{"D"}, {"A"}, {"Z"}]
    assert named(tensors, split.valid.queries) == [["A", "B"]]
    assert targets(tensors, split.valid.targets) == [{"C"}]
    assert split.test.masked.nnz == split.valid.masked.nnz == 0
    assert split.test.query_user is None


def test_windows_of_valid_and_test_are_never_in_the_graph(windows, graph) -> None:
    split, tensors = through(graph, windows)
    assert tensors.user_ids == ["U1", "U2"]
    assert named(tensors, split.test.train) == [["A", "B"], ["B", "C", "B"]]
    assert split.valid.train is split.test.train
    assert tensors.data["user", "purchase", "product"].ordered


def test_a_folder_with_neither_form_is_refused(tmp_path) -> None:
    with pytest.raises(SourceError, match=r"neither train\.txt and test\.txt"):
        read_split(write(tmp_path / "half", train_txt="0 1\n"))


def test_a_folder_with_both_forms_is_refused(pairs, windows) -> None:
    for file in pairs.iterdir():
        (windows / file.name).write_bytes(file.read_bytes())
    with pytest.raises(SourceError, match="both of"):
        read_split(windows)


def test_a_file_cut_short_is_told_in_one_line(pairs) -> None:
    whole = (pairs / "train.txt.gz").read_bytes()
    (pairs / "train.txt.gz").write_bytes(whole[:-9])
    with pytest.raises(SourceError, match=r"train\.txt\.gz"):
        read_split(pairs)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("user_id,history\nU1,A\n", "no column target"),
        ("user_id,history,target\nU1,A,\n", "line 2: '' is not one target"),
        ("user_id,history,target\nU1,A,B C\n", "line 2: 'B C' is not one target"),
        ("user_id,history,target\nU1,A,B\n ,A,B\n", "line 3: no user_id"),
        ("user_id,history,target\nU1,A\n", "line 2: wrong-number-of-columns"),
    ],
)
def test_windows_that_are_none_name_their_line(windows, text, complaint) -> None:
    write(windows, test_csv=text)
    with pytest.raises(SourceError, match=complaint):
        read_split(windows)
