"""A stored load as one HTML page that needs nothing from outside."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from ingestion.report.findings import findings
from ingestion.report.meanings import MEANINGS
from ingestion.report.pictures import (
    amounts_picture,
    days_picture,
    degrees_picture,
    week_picture,
)

#: What an amount is called under its picture.
LABELS: Final = {
    "interactions.price": "price of an event",
    "interactions.quantity": "quantity",
    "interactions.rating": "rating",
    "products.price": "price of a product",
    "products.stock": "stock",
    "reviews.rating": "rating of a review",
}

#: Text cells that the page shows of the columns' filling.
SHOWN_COLUMNS: Final = 30


def render(load: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> str:
    """The page of a load, beside the last one if there is one."""
    quality = load["quality"]
    old = before["quality"] if before else None
    pictures: dict[str, str] = {}
    if quality["times"]:
        pictures["days"] = days_picture(quality["times"])
        pictures["When in the week (UTC)"] = week_picture(quality["times"]["week"])
    for name, amounts in quality["amounts"].items():
        was = old["amounts"].get(name, {}).get("bins") if old else None
        pictures[_amount_title(amounts, LABELS.get(name, name))] = amounts_picture(
            amounts["bins"], was, f"{LABELS.get(name, name)}, from"
        )
    for who in ("users", "products"):
        told = quality[who]["events"]
        if told["bins"]:
            was = old[who]["events"]["bins"] if old else None
            title = f"How busy {who} are: half have {told['median']:g} events or fewer"
            pictures[title] = degrees_picture(told["bins"], was or None, who[:-1])
    days = pictures.pop("days", None)
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True
    )
    return environment.get_template("page.html.j2").render(
        load=load,
        quality=quality,
        findings=findings(load),
        days=Markup(days) if days else None,
        pictures={title: Markup(svg) for title, svg in pictures.items()},
        reasons=_reasons(load),
        filled=_filled(quality),
        drift=load["drift"],
    )


def _amount_title(amounts: Mapping[str, Any], label: str) -> str:
    middle, most = amounts["quartiles"][1], amounts["most"]
    return f"{label[:1].upper()}{label[1:]}: about {middle:.2g} in the middle, {most:,.6g} at most"


def _reasons(load: Mapping[str, Any]) -> list[dict[str, Any]]:
    rejected = sorted(load["rejected"].items(), key=lambda item: -item[1])
    most = rejected[0][1] if rejected else 1
    examples = load["quality"]["examples"]
    return [
        {
            "reason": reason,
            "meaning": MEANINGS.get(reason, ""),
            "count": count,
            "share": count / load["read"],
            "width": 100 * count / most,
            "examples": examples.get(reason, []),
        }
        for reason, count in rejected
    ]


def _filled(quality: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How full each column is, the emptiest first."""
    cells = [
        {"column": f"{table}.{column}", "share": share}
        for table, told in quality["tables"].items()
        for column, share in told["filled"].items()
    ]
    return sorted(cells, key=lambda cell: cell["share"])[:SHOWN_COLUMNS]
