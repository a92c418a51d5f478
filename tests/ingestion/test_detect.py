from pathlib import Path

import pytest

from ingestion.detect import choose_source, find_sources
from ingestion.errors import SourceError
from ingestion.sources import online_retail, tables

EXPORT = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"


def test_every_module_of_sources_is_a_format() -> None:
    sources = find_sources()
    assert sources["tables"] is tables
    assert sources["online-retail"] is online_retail


def test_a_folder_of_tables_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "Interactions.CSV").write_text("")
    assert choose_source(tmp_path) is tables
    assert choose_source(tmp_path / "Interactions.CSV") is tables


def test_an_export_is_recognised_by_its_columns(tmp_path: Path) -> None:
    (tmp_path / "lines.csv").write_text(EXPORT)
    assert choose_source(tmp_path) is online_retail
    assert choose_source(tmp_path / "lines.csv") is online_retail


def test_a_source_of_two_formats_asks_which(tmp_path: Path) -> None:
    (tmp_path / "lines.csv").write_text(EXPORT)
    (tmp_path / "products.csv").write_text("product_id\n")
    with pytest.raises(SourceError, match="may be online-retail or tables; say which"):
        choose_source(tmp_path)
    assert choose_source(tmp_path, "tables") is tables


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a,b\n", b"\x1f\x8b\x08"])
@pytest.mark.parametrize("name", ["x.csv", "x.csv.gz", "x.txt"])
def test_a_file_of_no_format_lists_the_formats(tmp_path: Path, content: bytes, name: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=r"none of the formats .*online-retail, .*tables\)"):
        choose_source(tmp_path / name)
    with pytest.raises(SourceError, match="none of the formats"):
        choose_source(tmp_path)


def test_a_missing_path_is_told_whatever_the_format(tmp_path: Path) -> None:
    for fmt in ("auto", "tables", "online-retail"):
        with pytest.raises(SourceError, match="none: no such file or folder"):
            choose_source(tmp_path / "none", fmt)


def test_an_unknown_format_is_named_with_the_known(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"No format 'excel': there are auto, .*tables"):
        choose_source(tmp_path, "excel")
