"""Old runs out of the graph and the folder."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

from gnn.runs import list_runs
from kg.connection import Graph
from kg.publish import read_runs


def tidy(
    graph: Graph, folder: Path, keep_runs: int, keep_days: float, clock: datetime
) -> list[str]:
    """Delete runs beyond the newest few and those too old; never one that readers or rollback need.

    Returns:
        Their ids.
    """
    known = read_runs(graph)
    needed = {run["run_id"] for run in known if run["live"] or run.get("slot")}
    ids = sorted({run["run_id"] for run in known} | set(list_runs(folder)), reverse=True)
    oldest = f"{clock - timedelta(days=keep_days):%Y%m%d-%H%M%S}"
    gone = [
        run_id
        for place, run_id in enumerate(ids)
        if run_id not in needed and (place >= keep_runs or run_id < oldest)
    ]
    if gone:
        graph.write("write/delete_runs", run_ids=gone)
    for run_id in gone:
        if (folder / run_id).is_dir():
            # Out of the list first: a run is there or not, never half.
            hidden = folder / f".{run_id}.gone"
            (folder / run_id).rename(hidden)
    for left in folder.glob(".*"):
        shutil.rmtree(left, ignore_errors=True)
    return gone
