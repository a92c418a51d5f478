from __future__ import annotations

import ast
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.connection import CYPHER, Graph, statement
from kg.queries import FOLDERS
from kg.records import RELATIONSHIPS
from kg.schema import schema_files
from kg.vectors import ensure_vector_index

ROOT = CYPHER.parent
PACKAGES = ("kg", "gnn", "ingestion", "shopgraph", "benchmarks")

#: For people and for Neo4j Browser, not for the program.
FOR_BROWSER = "browser"

FILES = sorted(
    path.relative_to(CYPHER).with_suffix("").as_posix()
    for path in CYPHER.rglob("*.cypher")
    if path.parent.name != FOR_BROWSER
)
NUMBERED = set(schema_files().values())


def read(name: str) -> str:
    return (CYPHER / f"{name}.cypher").read_text(encoding="utf-8")


def header(name: str) -> list[str]:
    lines = read(name).splitlines()
    end = next(i for i, line in enumerate(lines) if not line.startswith("//"))
    return [line[2:].strip() for line in lines[:end]]


def body(name: str) -> str:
    lines = read(name).splitlines()[len(header(name)) :]
    return "\n".join(line for line in lines if not line.lstrip().startswith("//"))


def explain(graph: Graph, text: str, database: str | None = None) -> None:
    with graph.driver.session(database=database or graph.database) as session:
        session.run(text).consume()  # type: ignore[arg-type]


@pytest.fixture
def indexed(graph: Graph) -> Graph:
    for name in ("vector_a", "vector_b", "text"):
        ensure_vector_index(graph, name, 4)
    return graph


def test_the_server_understands_every_file(indexed: Graph) -> None:
    for name in FILES:
        database = "system" if name.startswith("local/") else None
        explain(indexed, f"EXPLAIN {statement(name)}", database)


LOOKING_UP = [
    name for name in FILES if name.split("/")[0] in ("read", "write") and "UNWIND" in body(name)
]

#: What statements that also look up rows one by one read whole: no index leads there.
READ_WHOLE = {
    "read/product_attributes": ("-[link:HAS_ATTRIBUTE]->", "-[:STATED]->(later)"),
    "read/product_categories": ("-[:IN_CATEGORY]->", "-[:STATED]->(later)"),
    "write/delete_unused_attributes": ("f:ProductFacts",),
    "write/delete_users": ("[found:FOUND]",),
}


def lookups(text: str) -> list[tuple[str, str, str]]:
    """What a statement matches by a property that the schema indexes: name, label or type, key."""
    indexed = {
        (match[1] or match[2], match[3])
        for name in NUMBERED
        for match in re.finditer(
            r"FOR (?:\(\w+:(\w+)\)|\(\)-\[\w+:(\w+)\]-\(\)) (?:ON|REQUIRE) \(?\w+\.(\w+)",
            body(name),
        )
    }
    # MERGE takes no hint: it seeks by the constraint of its key.
    matched = "\n".join(line for line in text.splitlines() if not re.match(r".*\bMERGE\b", line))
    found = re.findall(r"[(\[](\w*):(\w+) \{(\w+): ", matched)
    return sorted((name, kind, key) for name, kind, key in found if (kind, key) in indexed)


def test_rows_are_sought_one_by_one_whatever_the_planner_thinks() -> None:
    # Planned before there was anything, and kept for ten seconds, a scan for every row seemed
    # free: the second block of a load of 120,000 rows took five minutes, a retraining seven.
    assert len(LOOKING_UP) == 76
    sought = 0
    for name in LOOKING_UP:
        hints = re.findall(r"USING INDEX SEEK (\w+):(\w+)\((\w+)\)", body(name))
        assert sorted(hints) == lookups(body(name)), name
        sought += len(hints)
    assert sought == 134


def test_nothing_is_scanned_for_a_row_even_when_planned_on_an_empty_store(
    scans: Callable[[str], list[tuple[str, str]]],
) -> None:
    for name in LOOKING_UP:
        whole = READ_WHOLE.get(name, ())
        found = [one for one in scans(name) if not any(part in one[1] for part in whole)]
        assert found == [], name


def test_a_file_that_needs_a_newer_cypher_says_so(indexed: Graph) -> None:
    # A server's default language may be Cypher 5, and in Browser the files run as they stand.
    older = [name for name in FILES if "\nCYPHER 25\n" not in read(name)]
    for name in older:
        database = "system" if name.startswith("local/") else None
        explain(indexed, f"CYPHER 5 EXPLAIN {statement(name)}", database)


def test_browsers_own_files_are_understood_statement_by_statement(indexed: Graph) -> None:
    for path in sorted((CYPHER / FOR_BROWSER).glob("*.cypher")):
        for text in path.read_text(encoding="utf-8").split(";"):
            if re.sub(r"//.*", "", text).strip() and not text.strip().startswith(":"):
                explain(indexed, f"EXPLAIN {text}")


@pytest.mark.parametrize("name", FILES)
def test_a_file_begins_with_what_it_is_for(name: str) -> None:
    lines = header(name)
    assert re.match(r"[A-Z].{10,}", lines[0])
    assert "" in lines
    marks = [
        line.split()[0] for line in lines if re.match(r"(Params|Returns|Repeat)\s{2,}\S", line)
    ]
    assert marks == ["Params", "Returns", "Repeat"]
    assert body(name).strip()


@pytest.mark.parametrize("name", FILES)
def test_a_header_names_the_parameters_the_statement_takes(name: str) -> None:
    text = "\n".join(header(name))
    params = text[text.index("Params ") : text.index("Returns ")]
    taken = set(re.findall(r"\$(\w+)", body(name)))
    assert set(re.findall(r"\$(\w+)", params)) == taken
    assert taken or "none" in params


def test_the_program_loads_every_file() -> None:
    loaded = [re.compile(pattern) for pattern in statement_names()]
    by_folder = {name for name in FILES if name.split("/")[0] in FOLDERS}
    unused = [
        name
        for name in FILES
        if name not in NUMBERED | by_folder and not any(p.fullmatch(name) for p in loaded)
    ]
    assert unused == []


def test_the_program_loads_no_file_that_is_not_there() -> None:
    assert [
        pattern for pattern in statement_names() if not any(re.fullmatch(pattern, n) for n in FILES)
    ] == []


def statement_names() -> set[str]:
    """Names of statements in the sources, as patterns where a part is put in."""
    folders = {name.split("/")[0] for name in FILES}
    names = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
            inner = {id(part) for n in nodes if isinstance(n, ast.JoinedStr) for part in n.values}
            for node in (node for node in nodes if id(node) not in inner):
                parts = node.values if isinstance(node, ast.JoinedStr) else [node]
                pattern = "".join(
                    re.escape(part.value)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                    else "[a-z_]+"
                    for part in parts
                    if isinstance(part, ast.Constant | ast.FormattedValue)
                )
                folder, slash, rest = pattern.partition("/")
                if slash and folder in folders and re.fullmatch(r"[a-z_\[\]+\\]*[a-z]\S*", rest):
                    names.add(pattern)
    return names


def test_names_of_statements_are_found_whole_and_composed() -> None:
    names = statement_names()
    assert {"read/runs", "write/merge_[a-z_]+_events", "write/number_[a-z_]+"} <= names
    assert "write/write_product_vectors_[a-z_]+" in names


@pytest.mark.parametrize("way", ["merge", "create"])
def test_events_of_all_kinds_are_written_alike(way: str) -> None:
    texts = {
        read(f"write/{way}_{kind}_events").replace(type_, "TYPE").replace(f"of {kind} ev", "of ev")
        for kind, type_ in RELATIONSHIPS.items()
    }
    assert len(texts) == 1


@pytest.mark.parametrize(
    "stem",
    [
        *("write/write_product_vectors", "write/write_user_vectors"),
        *("write/clear_product_vectors", "write/clear_user_vectors"),
    ],
)
def test_both_slots_are_written_alike(stem: str) -> None:
    a, b = read(f"{stem}_a"), read(f"{stem}_b")
    for of_a, of_b in (("vector_a", "vector_b"), ("weights_a", "weights_b"), ("slot a", "slot b")):
        a = a.replace(of_a, of_b)
    assert a == b


def test_every_label_is_numbered_alike() -> None:
    keys = {"User": "user_id", "Product": "product_id", "Brand": "name"}
    keys |= {"Category": "path", "Attribute": "key"}
    plurals = {"Category": "categories"}
    for name in ("number", "unnumbered"):
        texts = {
            read(f"write/{name}_{plurals.get(label, label.lower() + 's')}")
            .replace(label, "LABEL")
            .replace(f"n.{key}", "n.KEY")
            .replace(f"LABEL({key})", "LABEL(KEY)")
            .replace(f"{{{key}:", "{KEY:")
            .replace(f"the {key} of", "the KEY of")
            for label, key in keys.items()
        }
        assert len(texts) == 1


@pytest.mark.parametrize("name", [name for name in FILES if name.split("/")[0] in FOLDERS])
def test_a_query_for_people_can_be_pasted_into_browser(name: str) -> None:
    text = read(name)
    assert text.endswith(";\n")
    # Browser parts statements at semicolons; one in a comment is not worth finding out.
    assert text.count(";") == 1
    lines = [line for line in header(name) if line.startswith("Browser ")]
    assert len(lines) == 1
    settings = re.fullmatch(r"Browser\s+:params (\{.*\})", lines[0])
    assert settings is not None
    named = re.sub(r"\{\w[^{}]*\}", "{}", settings[1][1:-1])
    assert set(re.findall(r"(\w+):", named)) == set(re.findall(r"\$(\w+)", body(name)))
    assert "Repeat   safe: reads only" in text


def test_a_browser_line_gives_parameters_that_the_query_takes(indexed: Graph) -> None:
    for name in FILES:
        for line in header(name):
            if line.startswith("Browser ") and name.split("/")[0] in FOLDERS:
                params = line.partition(":params ")[2]
                literals = dict(re.findall(r"(\w+): (\[.*?\]|'.*?'|\d+|\{.*?\})", params[1:-1]))
                # Cypher's maps are not Python's; what is in them does not matter here.
                given = {
                    key: {} if value[0] == "{" else ast.literal_eval(value)
                    for key, value in literals.items()
                }
                with indexed.session("READ") as session:
                    assert session.run(statement(name), given).data() == []


@pytest.mark.parametrize("path", sorted(CYPHER.rglob("*.*")), ids=lambda path: path.name)
def test_files_hold_no_address_and_no_secret(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"://|password|secret|token\b|apikey|/work/|/tmp/", text, re.IGNORECASE)
