"""What the graph derives from its rows, in the order in which steps need each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ingestion.knowledge.categories import check_tree, told
from ingestion.knowledge.derive import derive_relations
from ingestion.knowledge.mine import mine_attributes
from ingestion.knowledge.profiles import profile_users
from ingestion.knowledge.resolve import resolve
from ingestion.knowledge.rules import Rule
from kg.connection import Graph
from shopgraph.progress import progress

#: Findings about categories that are told to people one by one.
SHOWN = 10


def enrich(
    graph: Graph,
    steps: Collection[str],
    rules: Sequence[Rule],
    until: datetime | None,
    top: int,
    least_support: int,
) -> dict[str, Any]:
    """Do these steps; what each found, by its name."""
    now = datetime.now(UTC)
    done: dict[str, Any] = {}
    if "resolve" in steps:
        done["resolve"] = {kind: asdict(found) for kind, found in resolve(graph, now).items()}
    if "tree" in steps:
        done["tree"] = [told(finding) for finding in check_tree(graph)]
    if "mine" in steps:
        with progress("mining", unit="product") as advance:
            done["mine"] = asdict(mine_attributes(graph, rules, advance))
    if "relations" in steps:
        with progress("relating", unit="product") as advance:
            done["relations"] = derive_relations(graph, now, until, top, least_support, advance)
    if "profiles" in steps:
        with progress("profiling", unit="user") as advance:
            done["profiles"] = profile_users(graph, now, until, advance)
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
    if "tree" in done:
        lines += _tree_lines(done["tree"])
    if found := done.get("mine"):
        counts = ", ".join(f"{name} {count}" for name, count in found["mined"].items())
        lines.append(
            f"mined from {found['products']} products: {counts or 'nothing'} "
            f"({found['new']} new, {found['gone']} gone)"
        )
    lines += [f"{count} {type_} relations" for type_, count in done.get("relations", {}).items()]
    if "profiles" in done:
        lines.append(f"{done['profiles']} users have a profile")
    return "\n".join(lines)


def _tree_lines(findings: Sequence[dict[str, Any]]) -> list[str]:
    if not findings:
        return ["categories: a tree, as their paths say"]
    counts = Counter(finding["problem"] for finding in findings)
    lines = ["categories: " + ", ".join(f"{problem} {n}" for problem, n in counts.items())]
    for finding in findings[:SHOWN]:
        lines.append(
            f"  {finding['problem']}: {' | '.join(finding['paths'])}: {finding['meaning']}"
        )
    if len(findings) > SHOWN:
        lines.append(f"  and {len(findings) - SHOWN} more: --json lists all")
    return lines
