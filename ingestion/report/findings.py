"""What a person should know of a load, in sentences, the gravest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

#: Shares from which a thing is worth a warning.
MANY_REJECTED: Final = 0.05
MANY_GUESTS: Final = 0.1
MOST_EMPTY: Final = 0.5

ORDER: Final = ("bad", "warn", "good")


class Finding(NamedTuple):
    """A sentence and how grave it is: bad, warn or good."""

    level: str
    text: str


def findings(load: Mapping[str, Any]) -> list[Finding]:
    """Everything found in a stored load."""
    quality = load["quality"]
    found = [*_rows(load), *_spelled(quality), *_events(quality), *_catalogue(quality)]
    found += _changes(load["drift"], load["compared_with"])
    return sorted(found, key=lambda finding: ORDER.index(finding.level))


def _rows(load: Mapping[str, Any]) -> Iterator[Finding]:
    read, rejected = load["read"], sum(load["rejected"].values())
    if not read:
        yield Finding("bad", "Nothing was read.")
        return
    if rejected:
        reason, most = max(load["rejected"].items(), key=lambda item: item[1])
        level = "bad" if rejected / read >= MANY_REJECTED else "warn"
        text = f"{rejected:,} of {read:,} rows ({_share(rejected / read)}) were rejected"
        yield Finding(level, f"{text}, {most:,} of them as {reason}.")
    else:
        yield Finding("good", f"All {read:,} rows could be used.")
    if load["unchanged"]:
        text = "said nothing new: the graph, or another row, had it already."
        yield Finding("good", f"{load['unchanged']:,} rows {text}")


def _spelled(quality: Mapping[str, Any]) -> Iterator[Finding]:
    for column, told in quality["spelling"].items():
        if "say" in told["why"]:
            yield Finding("bad", f"{column}: {told['why']}.")
        else:
            rule = told["decimal"] if told["decimal"] != "plain" else told["dates"]
            kind = "decimal mark" if told["decimal"] != "plain" else "dates"
            yield Finding("good", f"{column} is read with {kind} {rule} ({told['why']}).")
    if len(quality["currencies"]) > 1:
        told = ", ".join(f"{name} {count:,}" for name, count in quality["currencies"].items())
        yield Finding("warn", f"Prices are in several currencies: {told}.")


def _events(quality: Mapping[str, Any]) -> Iterator[Finding]:
    events = sum(quality["kinds"].values())
    if not events:
        return
    if quality["guests"]:
        share = quality["guests"] / events
        level = "warn" if share >= MANY_GUESTS else "good"
        text = "name no customer: they count for what goes together, not for any user."
        yield Finding(level, f"{quality['guests']:,} purchases ({_share(share)}) {text}")
    times = quality["times"]
    if times is None:
        yield Finding("warn", "No event has a time: nothing can be learned of what came first.")
        return
    text = f"Events of {times['days']:,} days, {times['first'][:10]} to {times['last'][:10]}"
    gap = times["longest_gap"]
    if gap and gap["days"] >= 3:
        yield Finding("warn", f"{text}; nothing for {gap['days']} days after {gap['after']}.")
    else:
        yield Finding(
            "good", f"{text}, without a longer gap than {gap['days'] if gap else 0} days."
        )


def _catalogue(quality: Mapping[str, Any]) -> Iterator[Finding]:
    for who in ("products", "users"):
        told = quality[who]
        if told["described"] and told["undescribed"]:
            text = f"named by events are in no row of {who}: they are created bare."
            yield Finding("warn", f"{told['undescribed']:,} {who} {text}")
        if told["described"] and told["idle"]:
            text = "are described and have no event in this load."
            yield Finding("good", f"{told['idle']:,} {who} {text}")
    for column in ("title", "price", "category"):
        table = quality["tables"].get("products")
        if table and table["kept"] and table["filled"].get(column, 0.0) < MOST_EMPTY:
            share = table["filled"].get(column, 0.0)
            has = f"Only {_share(share)} of the products have" if share else "No product has"
            yield Finding("warn", f"{has} a {column}.")


def _changes(drift: list[Mapping[str, Any]], compared: str | None) -> Iterator[Finding]:
    if compared is None:
        return
    changed = [entry["name"] for entry in drift if entry["level"] == "changed"]
    if changed:
        told = ", ".join(changed)
        yield Finding("warn", f"Unlike the last load ({compared}): {told}.")
    else:
        yield Finding("good", f"Much like the last load ({compared}).")


def _share(share: float) -> str:
    return f"{share:.0%}" if share >= 0.1 else f"{share:.1%}"
