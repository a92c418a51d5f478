"""Commands about what the graph knows besides its rows."""

from __future__ import annotations

import csv
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from shopgraph.answers import AsJson, emit
from shopgraph.options import moment, render_rows

if TYPE_CHECKING:
    from kg.connection import Graph

app = typer.Typer()

#: What ``enrich`` does, in this order.
STEPS = ("resolve", "tree", "mine", "relations", "profiles")


@app.command(epilog='Example: shopgraph aliases --undo "L\'OREAL"')
def aliases(
    alike: Annotated[
        bool, typer.Option("--alike", help="List what looks alike and was left apart, instead.")
    ] = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write the list to this file, too.")
    ] = None,
    undo: Annotated[
        str | None, typer.Option(metavar="ALIAS", help="Make it a name of its own, for good.")
    ] = None,
    merge: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="ALIAS NAME", help="Make the one an alias of the other, for good."),
    ] = None,
    kind: Annotated[
        Literal["brand", "attribute"], typer.Option(help="Whose names --undo and --merge mean.")
    ] = "brand",
    as_json: AsJson = False,
) -> None:
    """List which names of brands and attributes count as one; undo a merge or add one."""
    if undo is not None and merge is not None:
        raise typer.BadParameter("--undo and --merge are given one at a time")
    from kg.knowledge.names import merge_alias, undo_alias
    from shopgraph.workspace import here

    changes = undo is not None or merge is not None
    with here().write("names") if changes else here().open() as graph:
        if undo is not None:
            canonical = undo_alias(graph, kind, undo)
            facts = {"kind": kind, "undone": undo, "canonical": canonical}
            emit(facts, f"{undo!r} is no longer {canonical!r}", as_json)
            return
        if merge is not None:
            canonical = merge_alias(graph, kind, *merge, datetime.now(UTC))
            facts = {"kind": kind, "merged": merge[0], "canonical": canonical}
            emit(facts, f"{merge[0]!r} is {canonical!r} now", as_json)
            return
        rows = _alike(graph) if alike else _aliases(graph)
    if csv_file is not None:
        with csv_file.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ALIKE if alike else ALIASES)
            writer.writeheader()
            writer.writerows(rows)
    emit({"alike" if alike else "aliases": rows}, render_rows(rows), as_json)


ALIASES = ("kind", "alias", "canonical", "products", "rule", "score", "merged_at")
ALIKE = ("kind", "one", "other", "score")


def _aliases(graph: Graph) -> list[dict[str, Any]]:
    from kg.knowledge.names import KINDS, read_names

    return [
        {key: (asdict(name) | {"kind": kind, "alias": name.name})[key] for key in ALIASES}
        for kind in KINDS
        for name in read_names(graph, kind)
        if name.canonical is not None
    ]


def _alike(graph: Graph) -> list[dict[str, Any]]:
    from ingestion.knowledge.resolve import suggest

    return [
        {"kind": kind, **asdict(pair)} for kind, pairs in suggest(graph).items() for pair in pairs
    ]


@app.command(epilog="Example: shopgraph enrich --until 2011-09-01 --rules our-words.yaml")
def enrich(
    only: Annotated[
        list[str] | None,
        typer.Option(help=f"Do this alone, of {', '.join(STEPS)}; may be given several times."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Relations and profiles know only events before this time.")
    ] = None,
    rules: Annotated[
        Path | None, typer.Option(help="YAML file of rules for mining, beside those shipped.")
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Relations of a type a product has.")] = 20,
    min_support: Annotated[
        int, typer.Option(min=1, help="Baskets that a pair of products needs to be related.")
    ] = 3,
    as_json: AsJson = False,
) -> None:
    """Derive what rows do not say: one name a brand, attributes in texts, relations, profiles.

    In this order: resolve the names of brands and attributes, check the tree of categories, mine
    attributes from titles and descriptions, relate products (BOUGHT_WITH, LEADS_TO, SIMILAR_TO),
    profile users. Repeatable; each step replaces what it derived before and nothing else.
    """
    before = moment(until)
    if unknown := set(only or ()) - set(STEPS):
        raise typer.BadParameter(f"No step {min(unknown)!r}: there are {', '.join(STEPS)}")
    from ingestion.knowledge.rules import load_rules
    from shopgraph import enrichment
    from shopgraph.workspace import here

    # Refused before a server is started for it.
    mining = load_rules(rules)
    with here().write("enrich") as graph:
        steps = only or STEPS
        done = enrichment.enrich(graph, steps, mining, before, top, min_support)
    emit(done, enrichment.render(done), as_json)
