"""What the files of the pages have in common: said once in each, in the same words."""

from __future__ import annotations

import re
from collections.abc import Callable
from textwrap import dedent

import pytest

from kg.connection import CYPHER, Graph
from kg.queries import list_queries
from kg.vectors import ensure_vector_index

PAGES = sorted(
    query.name for query in list_queries().values() if query.name.startswith("recommend/")
)
#: Pages whose rows are no products: there is nothing to choose among them.
SUGGESTIONS = ("recommend/category_suggestions", "recommend/tag_suggestions")

#: How few of the nearest do for a short answer is the page's own: it depends on what it leaves out.
FEW = re.compile(r"WHEN \$k <= (?:20|50) AND all\([^)]*\) WHERE [^)]*\) THEN 101\s+")

CONSTRAINED = [query.name for query in list_queries().values() if "constraints" in query.params]

#: Where each part begins, and what follows it.
PARTS = {
    "fits": (r"// What fits: ", r"(?=// )"),
    "choice": (r"// The choice: ", r"\Z"),
    "run": (r"OPTIONAL MATCH \(live:ModelRun", r"(?<=slot = served\.slot\n)"),
    "user": (r"// The user's vector now: ", r"(?<=\n}\n)"),
    "user of sets": (r"LET sizes = run\.sets_sizes", r"(?<=AS asked\n)"),
    # A block, as deep as it may lie.
    "nearest": (r"^( *)// The nearest by the live run's vectors: ", r"\n\1}\n"),
    "nearest text": (r"^( *)// The nearest by their texts: ", r"\n\1}\n"),
    "popular": (r"^( *)// Where fewer fit: ", r"\n\1}\n"),
}


def part(text: str, name: str) -> str | None:
    begin, end = PARTS[name]
    found = re.search(f"{begin}.*?{end}", text, re.DOTALL | re.MULTILINE)
    return FEW.sub("", dedent(found[0])) if found else None


@pytest.mark.parametrize("name", PARTS)
def test_what_pages_have_in_common_is_the_same_in_all(name: str) -> None:
    texts = [(CYPHER / f"{page}.cypher").read_text(encoding="utf-8") for page in PAGES]
    found = [one for one in (part(text, name) for text in texts) if one is not None]
    assert len(found) > 1
    assert len(set(found)) == 1


def test_every_page_with_constraints_keeps_them() -> None:
    for page in CONSTRAINED:
        text = (CYPHER / f"{page}.cypher").read_text(encoding="utf-8")
        assert part(text, "fits") is not None
        assert page in SUGGESTIONS or part(text, "choice") is not None


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scans_the_shop(
    graph: Graph, scans: Callable[[str], list[tuple[str, str]]], name: str
) -> None:
    for index in ("vector_a", "vector_b", "text"):
        ensure_vector_index(graph, index, 4)
    found = [
        (kind, details)
        for kind, details in scans(name)
        # Of runs there are a handful, and what is live is asked of them alone; of slots two.
        if not details.startswith(("run:ModelRun", "live:ModelRun"))
        and ":VectorSlot" not in details
        # By an index in its order, until there are enough.
        and "IndexScan" not in kind
    ]
    assert found == []
