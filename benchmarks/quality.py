"""Quality: the GNN beside every baseline on one split, all data read back from Neo4j."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.published import load_split, read_split, split_of
from benchmarks.store import temporary_store
from gnn.histories import Histories
from gnn.protocols import forward, leave_one_out, random
from gnn.protocols.task import Split
from gnn.tensors import histories_of
from ingestion.load import load
from kg.read import read_tensors
from kg.records import KINDS
from shopgraph import comparison, pipeline
from shopgraph.options import duration_seconds, moment
from shopgraph.progress import progress

app = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)

PROTOCOLS = ("leave-one-out", "files", "forward", "random")


@app.command(
    epilog="Example: shopgraph benchmark quality lines.csv.gz --protocol forward "
    "--cutoff 2011-09-01 --json"
)
def quality(
    path: Annotated[Path, typer.Argument(help="A folder of tables, or a file.")],
    protocol: Annotated[str, typer.Option(help=", ".join(PROTOCOLS) + ".")],
    cutoff: Annotated[str | None, typer.Option(help="For forward: when to ask.")] = None,
    hold_outs: Annotated[
        int,
        typer.Option(min=1, help="For random: how many are drawn; the means are told."),
    ] = 1,
    target_kind: Annotated[str, typer.Option(help="What is predicted.")] = "purchase",
    models: Annotated[
        str, typer.Option(help="default, all, or names with commas: gnn,ease,mine:MyModel.")
    ] = "default",
    ablations: Annotated[bool, typer.Option("--ablations", help="Take out each part.")] = False,
    budget: Annotated[str, typer.Option(help="Time to choose the GNN's settings.")] = "10m",
    peer_budget: Annotated[
        str, typer.Option(help="Time for one training of a baseline that trains.")
    ] = "5m",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Load PATH into a store of its own, train on it, and compare on held-out data."""
    if protocol not in PROTOCOLS:
        raise typer.BadParameter(f"No protocol {protocol!r}: {', '.join(PROTOCOLS)}")
    if (protocol == "forward") != (cutoff is not None):
        raise typer.BadParameter("--cutoff belongs to --protocol forward, which needs it")
    if protocol != "random" and hold_outs > 1:
        raise typer.BadParameter("--hold-outs belongs to --protocol random")
    if target_kind not in KINDS:
        raise typer.BadParameter(f"No kind {target_kind!r}: {', '.join(KINDS)}")
    asked_at, seconds = moment(cutoff), duration_seconds(budget)
    try:
        names = comparison.chosen_models(models)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if ablations and comparison.GNN not in names:
        raise typer.BadParameter("--ablations take parts out of gnn: name it in --models, too")
    on = pipeline.pick_device(device)
    published = read_split(path) if protocol == "files" else None
    with temporary_store() as (workspace, graph):
        with progress("loading") as advance:
            if published is not None:
                scratch = workspace.home / "tables"
                load_split(graph, published, target_kind, scratch, workspace.rejects, advance)
            else:
                load(graph, path, rejects_dir=workspace.rejects, progress=advance)
        pipeline.embed(graph, device=device)
        with progress("reading events") as advance:
            tensors = read_tensors(graph, None, advance)
        texts = pipeline.read_texts(graph, len(tensors.product_ids))
    target = KINDS.index(target_kind)
    if published is not None:
        splits = [split_of(published, tensors, target)]
    else:
        cutoff_ms = 0 if asked_at is None else round(asked_at.timestamp() * 1000)
        histories = histories_of(tensors.data)
        splits = [make(histories, protocol, cutoff_ms, target, seed) for seed in range(hold_outs)]
    result = comparison.compare(
        dataset_name(path),
        splits,
        tensors.data,
        texts,
        target,
        names,
        ablations,
        on,
        seconds,
        duration_seconds(peer_budget),
    )
    typer.echo(json.dumps(result) if as_json else comparison.render(result))


def make(
    histories: Histories, protocol: str, cutoff_ms: int, target_kind: int, seed: int = 0
) -> Split:
    """The split that a protocol makes of all events; ``seed`` is that of a random one."""
    if protocol == "forward":
        return forward.split(histories, cutoff_ms, target_kind)
    if protocol == "leave-one-out":
        return leave_one_out.split(histories, target_kind)
    return random.split(histories, target_kind, seed)


def dataset_name(path: Path) -> str:
    """The folder's name, or the file's without its endings."""
    resolved = path.resolve()
    return resolved.name if resolved.is_dir() else resolved.parent.name
