import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.blocks import Rejects
from ingestion.errors import SourceError
from ingestion.rejects import RejectsFile

NOW = datetime(2011, 9, 1, 8, 26, 5, tzinfo=UTC)


def some(*lines: int) -> Rejects:
    return Rejects.of(Path("in/t.csv"), lines, ["bad-price"] * len(lines), ['1,"x"'] * len(lines))


def test_no_rejects_make_no_file(tmp_path: Path) -> None:
    rejects = RejectsFile(tmp_path / "rejects", tmp_path / "shop", NOW)
    rejects.write(Rejects())
    rejects.close()
    assert rejects.path is None
    assert not (tmp_path / "rejects").exists()


def test_rejects_are_appended_and_counted(tmp_path: Path) -> None:
    rejects = RejectsFile(tmp_path / "rejects", tmp_path / "shop", NOW)
    rejects.write(some(3))
    rejects.write(some(5, 8))
    rejects.close()
    assert rejects.path == tmp_path / "rejects/rejects-20110901T082605Z-shop.csv"
    assert rejects.counts == {"bad-price": 3}
    with rejects.path.open(newline="") as handle:
        assert list(csv.reader(handle)) == [
            ["file", "line", "reason", "row"],
            ["t.csv", "3", "bad-price", '1,"x"'],
            ["t.csv", "5", "bad-price", '1,"x"'],
            ["t.csv", "8", "bad-price", '1,"x"'],
        ]


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\0b", '"', "", "é"])
def test_every_text_is_kept_as_it_is(tmp_path: Path, text: str) -> None:
    rejects = RejectsFile(tmp_path, tmp_path / "shop", NOW)
    rejects.write(Rejects.of(Path("t.csv"), [2], ["bad-csv"], [text]))
    rejects.close()
    assert rejects.path is not None
    with rejects.path.open(newline="") as handle:
        assert list(csv.reader(handle))[1] == ["t.csv", "2", "bad-csv", text]


def test_two_loads_of_one_second_keep_two_files(tmp_path: Path) -> None:
    for name in ("rejects-20110901T082605Z-shop.csv", "rejects-20110901T082605Z-shop-2.csv"):
        rejects = RejectsFile(tmp_path, tmp_path / "shop", NOW)
        rejects.write(some(3))
        rejects.close()
        assert rejects.path == tmp_path / name


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    rejects = RejectsFile(tmp_path / "file/rejects", tmp_path / "shop", NOW)
    with pytest.raises(SourceError, match="rejects cannot be kept: Not a directory"):
        rejects.write(some(3))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_told_in_one_line(tmp_path: Path) -> None:
    rejects = RejectsFile(tmp_path, tmp_path / "shop", NOW)
    (tmp_path / "full").symlink_to("/dev/full")
    rejects._handle = (tmp_path / "full").open("w")
    with pytest.raises(SourceError, match="rejects cannot be kept: No space left on device"):
        rejects.write(some(3))
    with pytest.raises(SourceError, match="No space left on device"):
        rejects.close()
