"""Commands of the nightly job: retrain, look at the runs, go back."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from shopgraph.answers import AsJson, emit, fail
from shopgraph.options import Device, duration_seconds

app = typer.Typer()


@app.command(epilog="Example: shopgraph retrain --json >> retrain.log")
def retrain(
    force: Annotated[
        bool, typer.Option("--force", help="Publish also what the gate refuses; it is recorded.")
    ] = False,
    budget: Annotated[str, typer.Option(help="Time to choose settings and train.")] = "10m",
    wait: Annotated[str, typer.Option(help="For another job of this folder, at most.")] = "1h",
    device: Device = "auto",
    config: Annotated[
        Path | None, typer.Option(help="JSON file with model, training and retrain settings.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring recommendations up to date: embed, train on from the live run, judge, publish.

    The batch job for cron. Ends with 3 where the new run is not fit to go live; the old one stays.
    Killed in its training, the next one goes on there if nothing has changed since.
    """
    seconds, patience = duration_seconds(budget), duration_seconds(wait)
    from gnn.choice import read_settings
    from shopgraph import pipeline, retraining
    from shopgraph.monitoring import leave_word
    from shopgraph.workspace import here

    settings, grid = retraining.RetrainSettings(), None
    if config is not None:
        settings, describes_model = retraining.read_retrain_settings(config)
        grid = [read_settings(config)] if describes_model else None
    pipeline.pick_device(device)
    workspace = here()
    with workspace.write("retrain", patience) as graph:
        facts = retraining.retrain(graph, workspace, settings, grid, force, device, seconds)
        leave_word(workspace.home, facts)
    if facts["refused"]:
        refusal = f"the gate refused the new run, the old one stays: {'; '.join(facts['refused'])}"
        if as_json:
            emit(facts | {"error": refusal}, "", as_json)
        fail(refusal, 3)
    text = f"{facts['mode']}: {facts['because']}"
    if facts["mode"] != "none":
        text += (
            f"\nrun {facts['run_id']} is live: {facts['recommendations']} recommendations "
            f"for {facts['users']} users"
        )
        if facts["overruled"]:
            text += f"\nby force, although {'; '.join(facts['overruled'])}"
    emit(facts, text, as_json)


@app.command(epilog="Example: shopgraph runs 20260921-142530-1f3a latest --curves curves.png")
def runs(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="RUN ...", help="Only these, side by side.")
    ] = None,
    curves: Annotated[
        Path | None, typer.Option(help="Draw the loss of every epoch there, as .png or .svg.")
    ] = None,
    tensorboard: Annotated[
        Path | None, typer.Option(help="Write losses, metrics and settings there for TensorBoard.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the runs of this folder and which is live; two or more by name stand side by side."""
    from gnn.runs import list_runs, load_run
    from kg.publish import read_live_run
    from shopgraph import history
    from shopgraph.pipeline import resolve_run
    from shopgraph.workspace import here

    history.check_picture(curves)
    workspace = here()
    with workspace.open() as graph:
        live = read_live_run(graph)
        if names:
            known = [resolve_run(graph, workspace.runs, name) for name in names]
        else:
            known = [load_run(workspace.runs, run_id) for run_id in list_runs(workspace.runs)]
    if curves is not None:
        history.draw_curves(known, curves)
    if tensorboard is not None:
        history.write_events(known, tensorboard)
    facts = {"runs": [history.row(run, live) for run in known]}
    if names:
        facts["settings"] = [history.settings(run) for run in known]
    text = history.side_by_side(known, live) if names else history.table(known, live)
    emit(facts, text, as_json)


@app.command(epilog="Example: shopgraph rollback")
def rollback(as_json: AsJson = False) -> None:
    """Make the run live again that was live before."""
    from kg.publish import rollback as go_back
    from shopgraph.workspace import here

    with here().write("rollback") as graph:
        published = go_back(graph, datetime.now(UTC))
    emit(asdict(published), f"run {published.run_id} is live again", as_json)
