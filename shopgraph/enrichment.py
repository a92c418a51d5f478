"""What the graph derives from its rows, in the order in which steps need each other."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ingestion.knowledge.mine import mine_attributes
from ingestion.knowledge.resolve import resolve
from ingestion.knowledge.rules import Rule
from kg.connection import Graph
from shopgraph.progress import progress


def enrich(graph: Graph, steps: Collection[str], rules: Sequence[Rule]) -> dict[str, Any]:
    """Do these steps; what each found, by its name."""
    now = datetime.now(UTC)
    done: dict[str, Any] = {}
    if "resolve" in steps:
        done["resolve"] = {kind: asdict(found) for kind, found in resolve(graph, now).items()}
    if "mine" in steps:
        with progress("mining", unit="product") as advance:
            done["mine"] = asdict(mine_attributes(graph, rules, advance))
    return done


def render(done: dict[str, Any]) -> str:
    """What steps found, for people."""
    lines = []
    for kind, found in done.get("resolve", {}).items():
        lines.append(
            f"{kind} names: {found['names']}, of them {found['aliases']} aliases of others "
            f"({found['merged']} new, {found['undone']} undone); "
            f"{found['alike']} pairs look alike: shopgraph aliases --alike"
        )
    if found := done.get("mine"):
        counts = ", ".join(f"{name} {count}" for name, count in found["mined"].items())
        lines.append(
            f"mined from {found['products']} products: {counts or 'nothing'} "
            f"({found['new']} new, {found['gone']} gone)"
        )
    return "\n".join(lines)
