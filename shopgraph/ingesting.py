"""The command that brings a shop into the graph."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from shopgraph.answers import AsJson, emit, fail
from shopgraph.options import moment, time_zone

app = typer.Typer()


@app.command(epilog="Example: shopgraph ingest shop/ --until 2026-01-01")
def ingest(
    source: Annotated[Path, typer.Argument(help="A folder of tables, or a file.")],
    fmt: Annotated[
        str, typer.Option("--format", help="auto, tables, online-retail, recbole or amazon.")
    ] = "auto",
    until: Annotated[str | None, typer.Option(help="Only events before this time.")] = None,
    dates: Annotated[
        Literal["iso", "day-first", "month-first", "epoch"] | None,
        typer.Option(help="How times are written, where the columns do not tell."),
    ] = None,
    decimal: Annotated[
        Literal["point", "comma"] | None,
        typer.Option(help="The decimal mark, where the columns do not tell."),
    ] = None,
    zone: Annotated[
        str, typer.Option(help="Of times that name none, such as Europe/London.")
    ] = "UTC",
    report_file: Annotated[
        Path | None,
        typer.Option("--report", help="Write a quality report there: a page, or FILE.json."),
    ] = None,
    strict: Annotated[bool, typer.Option(help="Fail when rows were rejected.")] = False,
    road: Annotated[
        Literal["auto", "bulk", "upsert"],
        typer.Option(help="bulk: Neo4j's import, into an empty local store; upsert: statements."),
    ] = "auto",
    cluster: Annotated[
        Literal["ray"] | None,
        typer.Option(help="Read and write by Ray's workers, where RAY_ADDRESS says or here."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Load a shop's tables into the graph; repeatable."""
    from ingestion.cleaner import expected_rows
    from ingestion.detect import choose_source, format_of
    from ingestion.leaving import LEFT_OUT
    from ingestion.report.quality import Quality
    from ingestion.spelling import Declared
    from kg.tombstones import read_tombstones
    from shopgraph.jobs import job
    from shopgraph.loading import ingest as load
    from shopgraph.progress import progress
    from shopgraph.quality import check_page, tell_quality
    from shopgraph.scrubbing import scrub
    from shopgraph.workspace import here

    before = moment(until)
    declared = Declared(dates, decimal, time_zone(zone))
    # Refused before a server is started for it.
    check_page(report_file)
    try:
        chosen = format_of(choose_source(source, fmt))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    workspace = here()
    quality, now = Quality(), datetime.now(UTC)
    with job(workspace.home, "ingest"):
        # About how many rows come, by the size of the files: for the time left.
        with progress("loading", expected_rows(source)) as advance:
            report = load(
                workspace,
                source,
                fmt,
                until=before,
                declared=declared,
                quality=quality,
                progress=advance,
                road=road,
                cluster=cluster is not None,
            )
        with workspace.open() as graph:
            scrub(workspace, read_tombstones(graph))
    tell_quality(
        workspace.loads,
        report,
        quality,
        source=source,
        fmt=chosen,
        until=before,
        now=now,
        page=report_file,
    )
    rejected = sum(report.rejected.values())
    text = (
        f"{report.read} rows read: {report.written} written, {report.unchanged} unchanged, "
        f"{rejected} rejected, in {report.seconds:.1f} s"
    )
    if report.rejected:
        reasons = ", ".join(f"{reason} {count}" for reason, count in report.rejected.items())
        text += f"\nrejected: {reasons}"
    if report.rejects_file is not None:
        text += f"\nsee {report.rejects_file}"
    emit(asdict(report), text, as_json)
    refused = rejected - sum(report.rejected.get(reason, 0) for reason in LEFT_OUT)
    if strict and refused:
        fail(f"{refused} rows were rejected", 1)
