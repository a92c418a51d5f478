"""How far a load differs from the last one of its format.

The population stability index (PSI) of two histograms p and q is Σ (p - q) ln(p / q); by custom
less than 0.1 is no change to speak of, more than 0.25 a change to look into. The Kolmogorov-Smirnov
distance (KS) is the largest difference of their cumulative shares.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

STABLE: Final = 0.1
CHANGED: Final = 0.25

#: Stands for an empty bin's share, so that a new bin does not make the index infinite.
LEAST_SHARE: Final = 1e-4


def drift(now: Mapping[str, Any], before: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What changed between the qualities of two loads, the largest change first.

    Each entry has a name, its PSI, the KS where bins have an order, and a level: stable, shifted or
    changed.
    """
    found = [_entry("kinds of events", now["kinds"], before["kinds"], ordered=False)]
    found.append(_entry("reasons of rejection", _reasons(now), _reasons(before), ordered=False))
    for name, amounts in now["amounts"].items():
        if name in before["amounts"]:
            found.append(_entry(name, amounts["bins"], before["amounts"][name]["bins"]))
    for who in ("users", "products"):
        bins = (told[who]["events"]["bins"] for told in (now, before))
        found.append(_entry(f"events a {who[:-1]}", *bins))
    if now["times"] and before["times"]:
        week, old_week = (
            {f"{day * 24 + hour:03}": count for day, row in enumerate(told["times"]["week"])
             for hour, count in enumerate(row)}
            for told in (now, before)
        )  # fmt: skip
        found.append(_entry("hours of the week", week, old_week, ordered=False))
        found.append(_volume(now, before))
    for table, told in now["tables"].items():
        old = before["tables"].get(table, {"filled": {}})
        for column in sorted(told["filled"].keys() | old["filled"].keys()):
            share, old_share = told["filled"].get(column, 0.0), old["filled"].get(column, 0.0)
            if abs(share - old_share) >= 0.05:
                here = {"filled": share, "empty": 1 - share}
                there = {"filled": old_share, "empty": 1 - old_share}
                entry = _entry(f"{table}.{column} filled", here, there, ordered=False)
                found.append(entry | {"before": old_share, "now": share})
    return sorted(found, key=lambda entry: -entry["psi"])


def psi(now: Mapping[str, float], before: Mapping[str, float]) -> float:
    """The population stability index of two histograms by bin; 0 where they are alike."""
    total, old_total = sum(now.values()), sum(before.values())
    index = 0.0
    for place in now.keys() | before.keys():
        share = max(now.get(place, 0) / total, LEAST_SHARE)
        old = max(before.get(place, 0) / old_total, LEAST_SHARE)
        index += (share - old) * math.log(share / old)
    return index


def ks(now: Mapping[str, float], before: Mapping[str, float]) -> float:
    """The Kolmogorov-Smirnov distance of two histograms whose bins are numbers."""
    total, old_total = sum(now.values()), sum(before.values())
    reached = distance = 0.0
    for place in sorted(now.keys() | before.keys(), key=int):
        reached += now.get(place, 0) / total - before.get(place, 0) / old_total
        distance = max(distance, abs(reached))
    return distance


def _entry(
    name: str, now: Mapping[str, float], before: Mapping[str, float], *, ordered: bool = True
) -> dict[str, Any]:
    if not sum(now.values()) or not sum(before.values()):
        alike = not sum(now.values()) and not sum(before.values())
        return {"name": name, "psi": 0.0 if alike else 1.0, "level": level(0.0 if alike else 1.0)}
    index = psi(now, before)
    entry: dict[str, Any] = {"name": name, "psi": index, "level": level(index)}
    return entry | ({"ks": ks(now, before)} if ordered else {})


def level(index: float) -> str:
    """What a stability index means by custom."""
    if index < STABLE:
        return "stable"
    return "shifted" if index < CHANGED else "changed"


def _reasons(told: Mapping[str, Any]) -> dict[str, float]:
    """Rows by what became of them, but for those that the load was asked to leave out."""
    rows = sum(table["rows"] for table in told["tables"].values())
    refused = {name: n for name, n in told["rejected"].items() if name != "after-until"}
    return {"kept": rows - sum(told["rejected"].values()), **refused}


def _volume(now: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Events a day of business: the index is the square of the ratio's logarithm."""
    rate, old = (_a_day(told) for told in (now, before))
    index = math.log(rate / old) ** 2
    return {"name": "events a day", "psi": index, "level": level(index), "before": old, "now": rate}


def _a_day(told: Mapping[str, Any]) -> float:
    counts = told["times"]["per_day"].values()
    return float(sum(sum(days.values()) for days in counts) / told["times"]["days"])
