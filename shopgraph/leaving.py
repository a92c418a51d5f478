"""Commands that take things out of the graph for good."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kg.records import DELETABLE
from shopgraph.answers import AsJson, emit

if TYPE_CHECKING:
    from kg.connection import Graph
    from shopgraph.workspace import Workspace

app = typer.Typer()

Undo = Annotated[bool, typer.Option("--undo", help="Let the next load bring them back.")]
Ids = Annotated[list[str], typer.Argument(metavar="ID ...", help="Their ids.")]


@app.command(epilog="Example: shopgraph forget 17850")
def forget(ids: Ids, undo: Undo = False, as_json: AsJson = False) -> None:
    """Forget users: what they did, what was derived from it, and their ids in runs and rejects."""
    _take_out("users", ids, undo, as_json)


@app.command(epilog="Example: shopgraph delete products 85123A")
def delete(
    table: Annotated[str, typer.Argument(help=f"{', '.join(DELETABLE)}.")],
    ids: Ids,
    undo: Undo = False,
    as_json: AsJson = False,
) -> None:
    """Delete things and everything derived from them; no later load brings them back."""
    if table not in DELETABLE:
        raise typer.BadParameter(f"No table {table!r} to delete from: {', '.join(DELETABLE)}")
    _take_out(table, ids, undo, as_json)


@app.command(epilog="Example: shopgraph delist 85123A 22423")
def delist(
    ids: Ids,
    undo: Annotated[bool, typer.Option("--undo", help="Offer them again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Take products out of the shop from now on; their facts and events stay."""
    import pandas as pd

    from kg.write import finish_load, merge_table
    from shopgraph.workspace import here

    now = datetime.now(UTC)
    distinct = list(dict.fromkeys(ids))
    with here().write("delist") as graph:
        unknown = set(distinct) - _known_products(graph, distinct)
        if unknown:
            raise ValueError(f"No product {', '.join(sorted(unknown))} in the graph")
        rows = pd.DataFrame({"product_id": distinct, "valid_from": now, "delisted": not undo})
        changed = merge_table(graph, "products", rows, now)
        finish_load(graph)
    text = f"{changed} products {'are offered again' if undo else 'left the shop'}"
    emit({"products": changed, "delisted": not undo}, text, as_json)


def _take_out(table: str, ids: list[str], undo: bool, as_json: bool) -> None:
    from kg.leaving import delete as delete_from
    from kg.tombstones import delete_tombstones, read_tombstones
    from shopgraph.scrubbing import scrub
    from shopgraph.workspace import here

    workspace: Workspace = here()
    facts: dict[str, Any]
    with workspace.write("delete") as graph:
        if undo:
            back = len(delete_tombstones(graph, table, ids))
            facts = {"table": table, "undone": back}
            emit(facts, f"{back} of {table} may come back with the next load", as_json)
            return
        deleted, new = delete_from(graph, table, ids, datetime.now(UTC))
        files = scrub(workspace, read_tombstones(graph))
    text = (
        f"{deleted} of {table} deleted, {new} stay out of later loads; "
        f"{len(files)} files of runs and rejects rewritten"
    )
    facts = {"table": table, "deleted": deleted, "new": new, "files": files}
    emit(facts, text, as_json)


def _known_products(graph: Graph, ids: list[str]) -> set[str]:
    from kg.facts import read_histories

    return {product_id for product_id, _, _ in read_histories(graph, ids)}
