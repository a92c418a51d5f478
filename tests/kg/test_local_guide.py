"""The guide that Neo4j Browser opens: laid beside the Browser's own files."""

from __future__ import annotations

import html
import re
import zipfile
from pathlib import Path

import pytest

from kg.connection import CYPHER, Graph
from kg.local import guide
from kg.vectors import ensure_vector_index

PAGE = (CYPHER / "browser" / "guide.html").read_text(encoding="utf-8")
STATEMENTS = [html.unescape(text) for text in re.findall(r"<pre[^>]*>(.*?)</pre>", PAGE, re.S)]


@pytest.fixture
def jar(tmp_path: Path) -> Path:
    """What stands for the Browser among the jars."""
    path = tmp_path / "lib" / "neo4j-browser-1.jar"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("browser/index.html", "the Browser")
        packed.writestr("META-INF/MANIFEST.MF", "")
    return path


def test_our_files_lie_beside_the_browser_s_and_nothing_else(jar: Path) -> None:
    folder = guide.served([jar.with_name("neo4j-1.jar"), jar])
    assert folder is not None
    assert (folder / "browser/index.html").read_text() == "the Browser"
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {
        "browser/index.html",
        "browser/shopgraph/guide.html",
        "browser/shopgraph/style.grass",
    }
    assert guide.served([jar]) == folder
    # What was made on the way is gone.
    assert {path.name for path in jar.parent.parent.iterdir()} == {"lib", folder.name}


def test_another_browser_gets_a_folder_of_its_own(jar: Path) -> None:
    other = jar.rename(jar.with_name("neo4j-browser-2.jar"))
    first, second = guide.served([other]), guide.served([other])
    assert first == second
    other.rename(jar)
    assert guide.served([jar]) != first


def test_a_server_without_the_browser_serves_nothing_of_ours(tmp_path: Path) -> None:
    assert guide.served([tmp_path / "neo4j-1.jar"]) is None


def test_the_server_understands_every_statement_of_the_guide(graph: Graph) -> None:
    ensure_vector_index(graph, "vector_a", 4)
    assert len(STATEMENTS) >= 12
    with graph.session("READ") as session:
        for text in STATEMENTS:
            if match := re.fullmatch(r":param (\w+) => (.*)", text.strip(), re.S):
                text = f"RETURN {match[2]} AS {match[1]}"
            session.run(f"EXPLAIN {text}").consume()  # type: ignore[arg-type]


def test_the_guide_asks_ten_questions() -> None:
    asked = re.findall(r"<h4>(\d+)\. [^<]+\?</h4>", PAGE)
    assert asked == [str(number) for number in range(1, 11)]
    assert "http" not in PAGE
