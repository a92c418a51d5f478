"""What a retraining leaves for whoever watches: a line of JSON, and metrics for Prometheus."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

#: One line a retraining, the newest last.
FACTS = "retrain.jsonl"

#: For the text-file collector of a node exporter.
METRICS = "retrain.prom"

HELP = {
    "success": "1 where the last retraining did what it should, 0 where the gate refused the run.",
    "timestamp_seconds": "When the last retraining ended.",
    "seconds": "What a part of the last retraining took.",
    "metric": "Quality of the live run on its held-out days.",
    "check": "A number that the gate looked at.",
    "check_limit": "What that number was compared with.",
    "changed": "What was new in the graph.",
    "recommendations": "Recommendations that were published.",
    "peak_megabytes": "Peak resident memory of the last retraining.",
}


def leave_word(home: Path, facts: Mapping[str, Any], now: datetime | None = None) -> None:
    """Append the facts to ``retrain.jsonl`` and overwrite ``retrain.prom``, whole at once."""
    now = now or datetime.now(UTC)
    home.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"at": now.isoformat(), **facts}, ensure_ascii=False, default=str)
    with (home / FACTS).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
    descriptor, name = tempfile.mkstemp(dir=home, prefix=f".{METRICS}-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(prometheus(facts, now))
    # A collector often runs as another user.
    Path(name).chmod(0o644)
    Path(name).replace(home / METRICS)


def prometheus(facts: Mapping[str, Any], now: datetime) -> str:
    """The facts in Prometheus' text format."""
    samples: dict[str, list[tuple[str, float]]] = {
        "success": [("", 0.0 if facts["refused"] else 1.0)],
        "timestamp_seconds": [("", now.timestamp())],
        "seconds": [(f'{{part="{part}"}}', value) for part, value in facts["seconds_of"].items()],
        "metric": [
            (f'{{name="{name}"}}', value) for name, value in facts.get("metrics", {}).items()
        ],
        "check": [(f'{{name="{check["name"]}"}}', check["value"]) for check in facts["checks"]],
        "check_limit": [
            (f'{{name="{check["name"]}"}}', check["limit"]) for check in facts["checks"]
        ],
        "changed": [
            (f'{{what="{name}"}}', facts[name])
            for name in ("arrived", "gone", "new_users", "new_products", "texts")
            if name in facts
        ],
        "recommendations": [("", facts[name]) for name in ("recommendations",) if name in facts],
        "peak_megabytes": [("", facts["peak_mb"])],
    }
    lines = []
    for name, rows in samples.items():
        full = f"shopgraph_retrain_{name}"
        if rows:
            lines += [f"# HELP {full} {HELP[name]}", f"# TYPE {full} gauge"]
            lines += [f"{full}{labels} {value:g}" for labels, value in rows]
    return "\n".join(lines) + "\n"
